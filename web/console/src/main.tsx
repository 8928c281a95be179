/** Where the console begins: one query cache, one theme, one language for all that is shown. */

import '@mantine/core/styles.css';
import './style.css';
import './library.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { Trouble } from './api.ts';
import { LanguageProvider } from './language.tsx';
import { Shell } from './shell.tsx';
import { cssVariables, theme } from './theme.ts';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What an operator may not see, or what is not there, does not appear by asking again.
      retry: (failures, error) => !(error instanceof Trouble && error.status < 500) && failures < 3,
      staleTime: 1_000,
    },
  },
});

const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? '';
// What keeps the page still behind a dialog writes a style of its own, and asks for its nonce by this name.
Object.assign(globalThis, { __webpack_nonce__: nonce });

createRoot(document.getElementById('root') as HTMLElement).render(
  <QueryClientProvider client={queries}>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      cssVariablesResolver={cssVariables}
      getStyleNonce={() => nonce}
    >
      <LanguageProvider>
        <Shell />
      </LanguageProvider>
    </MantineProvider>
  </QueryClientProvider>,
);
