// The pages of the docs that are written from code. To add one: a line here. `npm run docs` writes them all, and
// test/unit/docs-pages.test.ts fails while a page differs from what the code says.

import { renderCampaignSchema } from '../src/cli/campaign-schema.ts';
import { renderCli } from '../src/cli/render-cli.ts';
import { optionsMarkdown } from '../src/config/show.ts';
import { httpMarkdown, problemsMarkdown, verdictsMarkdown } from '../src/http/reference.ts';

export interface DocsPage {
  /** From the root of the checkout. */
  file: string;
  /** The whole page, ending in a newline. */
  render: () => string | Promise<string>;
}

export const docsPages: DocsPage[] = [
  { file: 'docs/reference/configuration.md', render: optionsMarkdown },
  { file: 'docs/reference/verdicts.md', render: verdictsMarkdown },
  { file: 'docs/reference/problems.md', render: problemsMarkdown },
  { file: 'docs/reference/http.md', render: httpMarkdown },
  { file: 'docs/reference/cli.md', render: renderCli },
  { file: 'docs/reference/campaign.schema.json', render: renderCampaignSchema },
];
