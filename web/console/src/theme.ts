/** The tokens of web/tokens.css in the words of the component library. */

import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

/** One colour for all shades: the tokens know light and dark by themselves. */
const token = (name: string): MantineColorsTuple =>
  Array.from({ length: 10 }, () => `var(--${name})`) as unknown as MantineColorsTuple;

export const theme = createTheme({
  primaryColor: 'ink',
  primaryShade: 6,
  autoContrast: false,
  colors: {
    ink: token('ink'),
    signal: token('signal'),
    won: token('won'),
    wait: token('wait'),
    fault: token('fault'),
  },
  fontFamily: 'var(--sans)',
  fontFamilyMonospace: 'var(--mono)',
  defaultRadius: 4,
  respectReducedMotion: true,
  cursorType: 'pointer',
  focusRing: 'auto',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  components: {
    Button: { defaultProps: { size: 'sm', radius: 4 } },
    TextInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm' } },
    Modal: {
      defaultProps: { centered: true, radius: 14, shadow: 'none', transitionProps: { duration: 120 } },
    },
  },
});

/** What the library would colour by itself, in our tokens; they know light and dark. */
const OURS: Record<string, string> = {
  '--mantine-color-body': 'var(--paper)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--ink-2)',
  '--mantine-color-default': 'var(--paper)',
  '--mantine-color-default-hover': 'var(--paper-2)',
  '--mantine-color-default-color': 'var(--ink)',
  '--mantine-color-default-border': 'var(--line)',
  '--mantine-color-placeholder': 'var(--ink-2)',
  '--mantine-color-error': 'var(--fault)',
  '--mantine-color-anchor': 'var(--ink)',
};

export const cssVariables: CSSVariablesResolver = () => ({ variables: {}, light: OURS, dark: OURS });
