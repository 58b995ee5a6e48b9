/** The page's style: light and dark, a phone's width, and paper. */
export const style = `
:root { color-scheme: light dark; --ink: #1c1f24; --dim: #5b6370; --line: #d9dde3; --page: #fff; --soft: #f4f6f8; --good: 0, 114, 178; --bad: 213, 94, 0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --dim: #a2abb8; --line: #3a414b; --page: #15181c; --soft: #1f242a; --good: 86, 180, 233; --bad: 240, 130, 50; } }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 1180px; margin: 0 auto; padding: 2rem 1.25rem 4rem; color: var(--ink); background: var(--page); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 3rem 0 .5rem; } h3 { font-size: 1rem; margin: 2rem 0 .5rem; }
.dim, figcaption, .note { color: var(--dim); font-size: .875rem; } .conclusion { font-size: 1.15rem; max-width: 62ch; margin: .5rem 0 1.25rem; text-wrap: pretty; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 2rem 2.5rem; align-items: start; margin-top: 1.5rem; }
figure { margin: 0; } figure svg { display: block; width: 100%; max-width: 440px; height: auto; overflow: visible; } figcaption { margin-top: .5rem; max-width: 60ch; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9375rem; }
th, td { padding: .4rem .75rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: baseline; } th { font-weight: 600; color: var(--dim); font-size: .875rem; }
th:first-child, td:first-child { text-align: left; padding-left: 0; } td:first-child { font-weight: 600; } tr.best td { background: rgba(var(--good), .1); }
.share { color: var(--dim); font-size: .8125rem; display: block; } .runs { width: 100%; }
.confusion td, .confusion th { text-align: center; min-width: 3.2rem; border: 2px solid var(--page); font-weight: 400; } .confusion th:first-child { text-align: right; padding-right: .75rem; }
.confusion th { max-width: 9rem; overflow: hidden; text-overflow: ellipsis; } .scroll { overflow-x: auto; max-width: 100%; }
.bar { position: relative; display: inline-block; width: 7.5rem; height: .7rem; background: var(--soft); border-radius: 2px; vertical-align: middle; margin-right: .5rem; }
.classes td:not(:first-child) { white-space: nowrap; }
.bar i { position: absolute; inset: 0 auto 0 0; background: rgb(var(--good)); border-radius: 2px; }
.errors { list-style: none; padding: 0; margin: 0; } .errors li { padding: .7rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; } .errors b { color: rgb(var(--bad)); }
details { margin: 2rem 0 0; } summary { cursor: pointer; } pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); padding: .75rem; font-size: .8125rem; border-radius: 4px; }
@media (max-width: 640px) {
  body { padding: 1.25rem 1rem 3rem; } .conclusion { font-size: 1.05rem; }
  .runs thead { display: none; } .runs tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line); } .runs td { display: flex; justify-content: space-between; gap: 1rem; border: 0; padding: .15rem .4rem; text-align: right; }
  .runs td::before { content: attr(data-label); color: var(--dim); font-weight: 400; } .runs td:first-child { font-size: 1.05rem; } .share { display: inline; margin-left: .4rem; }
  .bar { display: block; width: 4rem; margin: 0 0 .25rem auto; } .classes { width: 100%; } .classes th, .classes td { padding: .4rem .35rem; } .classes th:first-child, .classes td:first-child { padding-left: 0; }
}
@media print { :root { color-scheme: light; --ink: #000; --dim: #444; --line: #bbb; --page: #fff; --soft: #eee; --good: 0, 114, 178; --bad: 180, 70, 0; } body { font-size: 11pt; max-width: none; padding: 0; } figure, tr, li { break-inside: avoid; } h2, h3 { break-after: avoid; } .figures { grid-template-columns: 1fr 1fr; } * { print-color-adjust: exact; } }
`
