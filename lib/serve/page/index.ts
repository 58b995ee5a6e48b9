import { createHash } from 'node:crypto'
import { script } from './script.ts'
import { style } from './style.ts'

/** The page at `/`: one file, nothing from elsewhere. Fields and results say by `data-for` which tasks they are for. */
export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>torch-lora</title>
<style>${style}</style>
</head>
<body>
<header><h1 id="model">torch-lora</h1><p id="facts"></p></header>
<form id="form">
  <label id="keyed" hidden>API key<input id="key" type="password" autocomplete="off"></label>
  <label id="chosen" hidden>Model<select id="models"></select></label>
  <label data-for="reranking question-answering"><span data-for="reranking">Query</span><span data-for="question-answering">Question</span><input id="query" required></label>
  <label data-for="question-answering">Text that holds the answer<textarea id="context" required></textarea></label>
  <label data-for="sentence-similarity reranking"><span data-for="sentence-similarity">Texts to compare, one a line</span><span data-for="reranking">Texts to rank, one a line</span><textarea id="lines" required></textarea></label>
  <label data-for="sequence-classification token-classification masked-language-model">Text<textarea id="text" required></textarea></label>
  <p class="hint" data-for="masked-language-model">A mask stands for one hidden word. <button type="button" id="mask"></button></p>
  <label data-for="sequence-classification">Second text, for models that read pairs<input id="pair"></label>
  <label id="sorts" hidden>Labels of your own to sort into, with commas between<input id="candidates"></label>
  <div class="row"><label id="adapted" hidden>Adapter<select id="adapter"></select></label><button class="main" id="go">Ask</button></div>
</form>
<p id="error" role="alert"></p>
<section id="result" class="card" hidden aria-live="polite">
  <div class="head"><h2 id="label"></h2><small id="latency"></small></div>
  <p id="cut" hidden></p>
  <p id="marked" class="passage" hidden></p>
  <div id="scores"></div>
  <div class="wide" id="matrix"></div>
</section>
<section id="why" class="card" hidden>
  <div class="head"><h2>Why</h2><div class="row"><select id="explained" aria-label="Label to explain"></select><button type="button" id="explain">Explain</button></div></div>
  <div id="parts" hidden>
    <div id="passages"></div>
    <p class="legend hint"><span><i class="for"></i>speaks for it</span><span><i class="against"></i>speaks against it</span></p>
    <p class="hint" id="sum"></p>
  </div>
</section>
<section id="more" class="card" hidden>
  <details id="tokenized"><summary>Tokens</summary><div id="tokens"></div></details>
  <details open><summary>As curl</summary><pre id="curl"></pre><button type="button" id="copy">Copy</button></details>
</section>
<section id="beside" class="card" hidden><h2>Adapters</h2><ul id="adapters"></ul></section>
<footer><a href="docs">API</a> · <a href="metrics">Metrics</a></footer>
<script>${script}</script>
</body>
</html>
`

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** What the page may do: run its own script, use its own style, talk to its own server. It takes a key. */
export const pageHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
}
