/** How the page looks: light and dark, a phone's width and a desk's. */
export const style = `
  :root {
    color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif;
    --line: light-dark(#d5d8de, #3a3e47); --soft: light-dark(#f4f5f7, #22252b); --quiet: light-dark(#5c6370, #9aa1ad);
    --accent: light-dark(#2457c5, #7ea6ff); --on-accent: light-dark(#fff, #10131a); --warn: light-dark(#8a5300, #ffc46b);
    --wrong: light-dark(#b3261e, #ff8f87); --for: light-dark(#2563eb, #6096ff); --against: light-dark(#d97706, #f59e3c);
  }
  * { box-sizing: border-box }
  body { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; background: light-dark(#fff, #16181c); color: light-dark(#1b1d22, #e7e9ed) }
  h1 { font-size: 1.15rem; margin: 0; overflow-wrap: anywhere } h2 { font-size: 1rem; margin: 0 }
  header { margin-bottom: 1.2rem } header p, small, .hint { color: var(--quiet); margin: .15rem 0 0; font-size: .875rem }
  [hidden] { display: none !important }
  form { display: grid; gap: .8rem } label { display: grid; gap: .25rem; font-size: .875rem; font-weight: 600 }
  textarea, input, select, button { font: inherit; font-weight: 400; padding: .5rem .65rem; border-radius: .45rem; border: 1px solid var(--line); background: light-dark(#fff, #1d2026); color: inherit; min-width: 0; width: 100% }
  textarea { min-height: 6.5rem; resize: vertical } select, button { width: auto }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
  .row { display: flex; gap: .6rem; flex-wrap: wrap; align-items: end } .row label { flex: 1 1 10rem } .row select { width: 100% } .head .row { flex-wrap: nowrap; align-items: center } .head .row button { flex: none }
  button { cursor: pointer; background: none } .head button, details button { font-size: .875rem; padding: .35rem .8rem } .head select { font-size: .875rem; padding: .35rem .5rem } button.main { background: var(--accent); color: var(--on-accent); border-color: var(--accent); font-weight: 600; padding-inline: 1.4rem }
  button:disabled { opacity: .55; cursor: progress }
  #error { color: var(--wrong); margin: .8rem 0 0; overflow-wrap: anywhere } #error:empty { display: none }
  .card { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; margin-top: 1.2rem; display: grid; gap: .8rem }
  .head { display: flex; justify-content: space-between; gap: .6rem; flex-wrap: wrap; align-items: baseline } #label { font-size: 1.25rem; overflow-wrap: anywhere }
  #cut { color: var(--warn); margin: 0; font-size: .9rem }
  .score { display: grid; grid-template-columns: minmax(5rem, 13rem) 1fr 4rem; gap: .6rem; align-items: center; padding: .15rem 0; font-size: .9375rem }
  .score > span:first-child { overflow-wrap: anywhere } #scores:empty, #matrix:empty { display: none }
  .track { height: .6rem; border-radius: .3rem; background: var(--soft); overflow: hidden } .bar { height: 100%; border-radius: .3rem; background: var(--accent); min-width: 2px }
  .number { text-align: right; font-variant-numeric: tabular-nums }
  .passage { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; line-height: 1.9; max-height: 60vh; overflow: auto }
  mark { background: hsl(var(--hue, 220) 85% 50% / .22); color: inherit; border-radius: .25rem; padding: .1rem .2rem; box-shadow: inset 0 -2px hsl(var(--hue, 220) 70% 50%) }
  mark b { font-size: .7rem; font-weight: 600; margin-left: .3rem; opacity: .8; letter-spacing: .02em }
  .part { border-radius: .2rem; padding: .1rem 0 } .legend { display: flex; gap: 1rem; flex-wrap: wrap; margin: 0 }
  .legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem; vertical-align: -.08rem; margin-right: .35rem }
  .for { background: color-mix(in srgb, var(--for) 55%, transparent) } .against { background: color-mix(in srgb, var(--against) 55%, transparent) }
  .wide { overflow-x: auto } table { border-collapse: separate; border-spacing: 2px; font-variant-numeric: tabular-nums; font-size: .875rem }
  th { font-weight: 600; padding: .2rem .5rem; color: var(--quiet) } tbody th { text-align: left; max-width: min(20rem, 34vw); position: sticky; left: 0; background: light-dark(#fff, #16181c); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: inherit; font-weight: 400 }
  td { padding: .35rem .5rem; text-align: center; border-radius: .25rem; min-width: 3rem }
  .token { display: inline-block; padding: 0 .35rem; margin: .1rem; border-radius: .25rem; background: var(--soft); font: .8125rem/1.7 ui-monospace, monospace; white-space: pre } .special { opacity: .55 } #tokens > div + div { margin-top: .4rem }
  summary { cursor: pointer; font-weight: 600; font-size: .9375rem } details > *:not(summary) { margin-top: .5rem }
  pre { margin: 0; padding: .7rem .8rem; border-radius: .45rem; background: var(--soft); font: .8125rem/1.55 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24rem; overflow: auto }
  #adapters { margin: 0; padding-left: 1.1rem; font-size: .9rem; overflow-wrap: anywhere } footer { margin-top: 2rem; font-size: .875rem } a { color: var(--accent) }
  @media (max-width: 30rem) { td { min-width: 2.5rem; padding-inline: .1rem } tbody th { max-width: 24vw; padding-left: 0 } .score { grid-template-columns: 1fr 4rem } .score > span:first-child { grid-column: 1 / -1; margin-bottom: -.35rem } }
`
