/**
 * The report page inside the console: the very page of the server, taken apart and put into a tree of its own. Nothing in
 * it can run, and its style reaches nothing else. A frame would need a policy that lets frames in.
 */

const STYLE = /<style>([\s\S]*?)<\/style>/;

/** The tokens stand at the page's own root; here they are the console's, which know the scheme that was chosen. */
function sheetOf(style: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style.replaceAll(/:root\{[^}]*\}/g, '').replaceAll(/(^|[}{;\n])body\{/g, '$1.page{'));
  return sheet;
}

/** Puts the page `html` into `root`, in place of what was there. */
export function showPage(root: ShadowRoot, html: string): void {
  // The console's policy lets no inline style in: what the page would do by one is done by a sheet.
  const page = new DOMParser().parseFromString(html.replace(STYLE, ''), 'text/html');
  root.adoptedStyleSheets = [sheetOf(STYLE.exec(html)?.[1] ?? '')];
  const body = document.createElement('div');
  body.className = 'page';
  for (const part of [...page.body.children]) {
    // The console has a main of its own.
    body.append(...(part.localName === 'main' ? [...part.children] : [part]));
  }
  // It stands in a page that has its own first heading.
  for (const head of body.querySelectorAll('h1')) {
    const lower = document.createElement('h2');
    lower.append(...head.childNodes);
    head.replaceWith(lower);
  }
  root.replaceChildren(body);
}
