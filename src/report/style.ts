/** The style of the report page: the tokens of the other pages, and paper. One text, so that its hash can be told. */

export const STYLE = `
:root{color-scheme:light dark;--paper:#fbf9f4;--paper-2:#f1ede4;--ink:#16140f;--ink-2:#5e584c;--line:#ddd6c8;
--signal:#d9391e;--won:#0a6b45;--wait:#8a5a00;--fault:#a3123a;
--sans:Pretendard,"Apple SD Gothic Neo","Noto Sans KR","Noto Sans CJK KR",system-ui,-apple-system,"Segoe UI",sans-serif;
--mono:ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--paper:#131416;--paper-2:#1d1f22;--ink:#f3f0e9;--ink-2:#a8a296;
--line:#33363b;--signal:#ff6a4d;--won:#46c98f;--wait:#e2ac4a;--fault:#ff7a98}}
*,*::before,*::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;max-width:1080px;padding:0 16px 64px;background:var(--paper);color:var(--ink);
font:400 16px/24px var(--sans);font-synthesis-weight:none;word-break:keep-all;overflow-wrap:anywhere}
h1,h2,p,dl,dd,ol,ul,figure{margin:0;padding:0}
h1{font-size:20px;line-height:28px;font-weight:650;letter-spacing:-.01em}
h2{font-size:16px;line-height:24px;font-weight:650;margin-bottom:12px}
header{display:flex;flex-wrap:wrap;gap:4px 24px;justify-content:space-between;align-items:baseline;padding:24px 0 16px;
border-bottom:1px solid var(--line)}
.sub,.small,td,th,.keys dt,.keys .aside{font-size:13px;line-height:20px}
.sub,.small,.keys dt,.keys .aside{color:var(--ink-2)}
.hero{padding:40px 0 24px;text-align:center}
.hero .number{font-size:clamp(72px,26vw,168px);line-height:.95;font-weight:750;font-variant-numeric:tabular-nums;
letter-spacing:-.04em}
.hero .number.long{font-size:clamp(56px,17vw,148px)}
.hero .number.longer{font-size:clamp(44px,12vw,120px)}
.hero .long,.hero .longer{padding-bottom:.14em}
.hero .says{margin-top:16px;font-size:20px;line-height:28px}
.hero .demand{color:var(--ink-2);max-width:640px;margin:4px auto 0}
.verdict{display:inline-flex;gap:8px;align-items:baseline;margin-top:16px;font-weight:600}
.ok{color:var(--won)}.bad{color:var(--fault)}
.keys{display:grid;grid-template-columns:repeat(auto-fit,minmax(168px,1fr));gap:16px 24px;padding:16px 0;
border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
.keys div{min-width:0}
.keys dd{font-size:22px;line-height:28px;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
.keys .aside{font-weight:400;letter-spacing:0;display:block}
section{padding-top:40px}
.two{display:grid;grid-template-columns:minmax(0,1fr);gap:0 40px}
.plot{display:block;max-width:100%;height:auto;overflow:visible}
.plot.wide{width:100%}
.plot.middle,.plot.narrow{display:none;width:100%}
.plot text{font:400 12px var(--sans);fill:var(--ink-2);font-variant-numeric:tabular-nums}
.plot text.note{fill:var(--ink);font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:4px;
stroke-linejoin:round}
.grid{stroke:var(--line);fill:none}.mark,.base{stroke:var(--ink-2);fill:none}
.event{stroke:var(--ink);stroke-dasharray:2 3;fill:none}
.c-won{color:var(--won)}.c-wait{color:var(--wait)}.c-quiet{color:var(--ink-2)}.c-fault{color:var(--fault)}
pattern path{stroke:currentColor;stroke-width:1.4;fill:none}
pattern .full{fill:currentColor;fill-opacity:.82}pattern .faint{fill:currentColor;fill-opacity:.12}
.layer,.edge{stroke:currentColor;stroke-width:1}
.line{fill:none;stroke:var(--ink);stroke-width:2;stroke-linejoin:round}
.under{fill:var(--paper-2)}
.bar{fill:var(--ink-2)}
.u-issued{stroke:var(--won)}.u-redeemed{stroke:var(--ink)}.u-revoked{stroke:var(--signal)}
.u-returned{stroke:var(--wait)}.u-expired{stroke:var(--ink-2)}
.line.u-redeemed{stroke-dasharray:7 3}.line.u-revoked{stroke-dasharray:2 3}.line.u-returned{stroke-dasharray:9 3 2 3}
.line.u-expired{stroke-dasharray:4 4}
.dot{fill:var(--paper);stroke-width:1.6}
.key{display:flex;flex-wrap:wrap;gap:4px 20px;list-style:none;padding:8px 0 0;font-size:13px;line-height:20px}
.key li{display:flex;gap:8px;align-items:center}
.key b{font-weight:600;font-variant-numeric:tabular-nums}
.swatch{flex:none}
.key+.small{margin-top:8px}
.faults{list-style:none;margin-top:8px}.faults li{padding:8px 0;border-top:1px solid var(--line)}
#latency table{max-width:420px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th{text-align:left;font-weight:400;color:var(--ink-2)}
th,td{padding:6px 16px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
tr>:last-child{padding-right:0}
.num{text-align:right;white-space:nowrap}
.state,.when span{white-space:nowrap}.when{text-align:right}
.state b{font-weight:600}
.name{font-weight:600}
.mono{font-family:var(--mono);font-size:12px}
.track{fill:var(--paper-2)}
.stub{--bite:5px;margin-top:40px;padding:32px 24px 24px;background:var(--paper-2);border-radius:0 0 14px 14px;
-webkit-mask:radial-gradient(circle var(--bite) at 50% 0,#0000 96%,#000) 50% 0/17px 100% repeat-x;
mask:radial-gradient(circle var(--bite) at 50% 0,#0000 96%,#000) 50% 0/17px 100% repeat-x}
.stub .seal{font-size:20px;line-height:28px;font-weight:650;margin-bottom:12px}
.stub td,.stub th{border-color:var(--line)}.stub>.small:last-child{margin-top:16px}
.facts{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 24px;font-size:13px;line-height:20px}
.facts dt{color:var(--ink-2)}
.notes{padding-left:18px;font-size:13px;line-height:20px;color:var(--ink-2)}
.notes li{margin-bottom:4px}
@media (min-width:1000px){.two{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}}
@media (min-width:640px){body{padding:0 40px 64px}}
@media (max-width:999px){.plot.wide{display:none}.plot.middle{display:block}}
@media (max-width:639px){.plot.middle{display:none}.plot.narrow{display:block}.wide-only{display:none}
.keys{grid-template-columns:1fr 1fr}.stub{padding:32px 16px 16px;margin-left:-8px;margin-right:-8px}
.hero .says{font-size:16px;line-height:24px}}
@media print{.plot.wide{display:block}.plot.middle,.plot.narrow{display:none}.two{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
.wide-only{display:table-cell}:root{color-scheme:light;--paper:#fff;--paper-2:#f4f2ec;--ink:#000;--ink-2:#444;--line:#ccc;--won:#0a6b45;
--wait:#8a5a00;--fault:#a3123a;--signal:#d9391e}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{max-width:none;padding:0;font-size:14px}.hero{padding:24px 0 16px}.hero .number{font-size:120px}
section{break-inside:avoid;padding-top:24px}h2{break-after:avoid}tr{break-inside:avoid}.scroll{overflow:visible}
@page{margin:16mm}}
`;
