import { createHash } from 'node:crypto'

/** The page at `/`: one file, nothing from elsewhere. */
export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>torch-lora</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem }
  h1 { font-size: 1.3rem; margin: 0 } header p { margin: .2rem 0 1.2rem; opacity: .7 }
  textarea, input, select, button { font: inherit; padding: .45rem .6rem; border-radius: .4rem; border: 1px solid #8888; box-sizing: border-box }
  textarea { width: 100%; min-height: 6rem } .row { display: flex; gap: .6rem; flex-wrap: wrap; margin: .6rem 0 }
  .row > input { flex: 1; min-width: 15rem } button { background: #2f5fd0; color: #fff; border: 0; cursor: pointer }
  .score { display: grid; grid-template-columns: minmax(6rem, 12rem) 1fr 4.5rem; gap: .6rem; align-items: center; margin: .25rem 0 }
  .bar { height: .7rem; border-radius: .35rem; background: #2f5fd0; min-width: 1px } .number { text-align: right; font-variant-numeric: tabular-nums }
  .token { display: inline-block; padding: 0 .3rem; margin: .1rem; border-radius: .25rem; background: #8883; font-family: ui-monospace, monospace; font-size: .85rem }
  .special { opacity: .5 } #error { color: #c33 } h2 { font-size: 1rem; margin: 1.4rem 0 .4rem } small { opacity: .7 }
</style>
</head>
<body>
<header><h1 id="model">torch-lora</h1><p id="facts"></p></header>
<form id="form">
  <label for="text">Text</label>
  <textarea id="text" required placeholder="Type a text to classify"></textarea>
  <div class="row"><input id="pair" placeholder="Second text, for models that read pairs" aria-label="Second text">
  <input id="key" type="password" placeholder="API key, if one is set" aria-label="API key" autocomplete="off"></div>
  <div class="row"><select id="adapter" aria-label="Adapter"></select><button>Classify</button></div>
</form>
<p id="error" role="alert"></p>
<section id="result" hidden aria-live="polite">
  <h2><span id="label"></span> <small id="latency"></small></h2>
  <p id="marked"></p>
  <div id="scores"></div>
  <h2>Tokens</h2><div id="tokens"></div>
</section>
<h2>Adapters</h2><ul id="adapters"></ul>
<p><a href="docs">API</a> · <a href="metrics">Metrics</a></p>
<script>
  let task
  const at = (id) => document.getElementById(id)
  const element = (tag, className, text) => Object.assign(document.createElement(tag), { className, textContent: text ?? '' })
  const headers = () => ({ 'content-type': 'application/json', ...(at('key').value ? { authorization: 'Bearer ' + at('key').value } : {}) })
  async function call(path, body) {
    const response = await fetch(path, body ? { method: 'POST', headers: headers(), body: JSON.stringify(body) } : { headers: headers() })
    const value = await response.json()
    if (!response.ok) throw new Error(value.error + ' (' + response.status + ')')
    return { value, headers: response.headers }
  }
  function marked(text, entities) {
    const parts = []
    let last = 0
    for (const { start, end, label } of entities) {
      const mark = element('mark', '', text.slice(start, end))
      mark.title = label
      mark.append(element('sup', '', ' ' + label))
      parts.push(text.slice(last, start), mark)
      last = end
    }
    return [...parts, text.slice(last)]
  }
  async function describe() {
    const { value: info } = await call('info')
    at('model').textContent = info.model_id
    task = info.task
    at('pair').hidden = task === 'token-classification'
    at('facts').textContent = Object.values(info.model_type)[0].labels.join(', ') + ' · ' + info.model_dtype + ' on ' + info.device + ' · up to ' + info.max_input_length + ' tokens'
    const { value: adapters } = await call('adapters')
    const chosen = at('adapter').value
    at('adapter').replaceChildren(new Option(info.has_head ? 'the model itself' : 'choose an adapter', ''), ...adapters.map(({ name }) => new Option(name, name)))
    at('adapter').value = adapters.some(({ name }) => name === chosen) ? chosen : ''
    at('adapters').replaceChildren(...(adapters.length ? adapters.map(({ name, r, labels }) => element('li', '', name + ': r=' + r + ', ' + labels.join(', '))) : [element('li', '', 'none')]))
  }
  at('form').addEventListener('submit', async (event) => {
    event.preventDefault()
    at('error').textContent = ''
    const text = at('text').value, pair = at('pair').value, adapter = at('adapter').value
    try {
      const began = performance.now()
      const tags = task === 'token-classification'
      const body = { inputs: pair && !tags ? [text, pair] : text, ...(tags ? {} : { truncate: true }), ...(adapter ? { adapter } : {}) }
      const { value, headers: given } = await call(tags ? 'tag' : 'predict', body)
      const took = performance.now() - began
      const scores = tags ? value.entities.map(({ label, score, text }) => ({ label: label + ': ' + text, score })) : value
      at('label').textContent = tags ? value.entities.length + (value.entities.length === 1 ? ' entity' : ' entities') : scores[0].label
      at('marked').replaceChildren(...(tags ? marked(text, value.entities) : []))
      at('latency').textContent = took.toFixed(1) + ' ms, of them ' + given.get('x-inference-time') + ' ms in the model'
      at('scores').replaceChildren(...scores.map(({ label, score }) => {
        const row = element('div', 'score'), bar = element('div', 'bar')
        bar.style.width = 100 * Math.max(0, Math.min(1, score)) + '%'
        row.append(element('span', '', label), bar, element('span', 'number', score.toFixed(4)))
        return row
      }))
      at('result').hidden = false
      const { value: tokens } = await call('tokenize', { inputs: pair && !tags ? [text, pair] : text })
      at('tokens').replaceChildren(...tokens.flat().map(({ text, special }) => element('span', special ? 'token special' : 'token', text)))
      await describe()
    } catch (error) { at('error').textContent = error.message }
  })
  at('key').addEventListener('change', () => describe().catch((error) => { at('error').textContent = error.message }))
  describe().catch((error) => { at('error').textContent = error.message })
</script>
</body>
</html>
`

const hashOf = (tag: 'script' | 'style') => {
  const [, text] = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page)!
  return `'sha256-${createHash('sha256').update(text!).digest('base64')}'`
}

/** What the page may do: run its own script, use its own style, talk to its own server. It takes a key. */
export const pageHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    `script-src ${hashOf('script')}`,
    `style-src ${hashOf('style')}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
}
