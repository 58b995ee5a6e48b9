/** What the page does: a form by the model's task, the answer shown as what it is, the curl line that asks the same. */
export const script = String.raw`
  const at = (id) => document.getElementById(id)
  const element = (tag, className, text) => Object.assign(document.createElement(tag), { className: className ?? '', textContent: text ?? '' })
  const show = (id, there) => { at(id).hidden = !there }
  const value = (id) => at(id).value.trim()
  const lines = () => value('lines').split('\n').map((line) => line.trim()).filter(Boolean)
  let infos = [], info, last
  const named = () => (infos.length > 1 ? { model: info.served_model_name } : {})
  const query = () => (infos.length > 1 ? '?model=' + encodeURIComponent(info.served_model_name) : '')
  const hubPath = () => 'models/' + encodeURIComponent(infos.length > 1 ? info.served_model_name : 'model')
  const dot = (a, b) => a.reduce((sum, x, k) => sum + x * b[k], 0)
  const adapter = () => (at('adapter').value ? { adapter: at('adapter').value } : {})

  async function call(path, body) {
    const key = at('key').value
    const headers = { 'content-type': 'application/json', ...(key ? { authorization: 'Bearer ' + key } : {}) }
    const response = await fetch(path, body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers })
    const answer = await response.json()
    if (response.status === 401) show('keyed', true)
    if (!response.ok) throw Object.assign(new Error((answer.error ?? answer.message) + ' (' + response.status + ')'), { status: response.status })
    return { value: answer, headers: response.headers }
  }

  // A text that is too long is refused first, so that it can be said, and then cut.
  async function ask({ path, body, cuts }) {
    const shown = { ...body, ...adapter(), ...named() }
    try {
      return { ...(await call(path, shown)), path, body: shown, cut: false }
    } catch (error) {
      if (!cuts || error.status !== 413 || !/more than \d+ tokens/.test(error.message)) throw error
      const again = { ...shown, truncate: true }
      return { ...(await call(path, again)), path, body: again, cut: true }
    }
  }

  // Hugging Face's form cuts by itself and says so in a header.
  async function askHub({ path, body }) {
    const answer = await call(path, body)
    return { ...answer, path, body, cut: answer.headers.has('x-truncated') }
  }

  const tint = (colour, share) => 'color-mix(in srgb, var(' + colour + ') ' + (100 * share).toFixed(1) + '%, transparent)'

  function bars(rows, most = 1) {
    at('scores').replaceChildren(...rows.map(({ label, score }) => {
      const row = element('div', 'score'), track = element('div', 'track'), bar = element('div', 'bar')
      bar.style.width = 100 * Math.max(0, Math.min(1, score / most)) + '%'
      track.append(bar)
      row.append(element('span', '', label), track, element('span', 'number', score.toFixed(4)))
      return row
    }))
  }

  const hues = [220, 150, 30, 340, 270, 190, 90, 0]
  function passage(text, spans) {
    const kinds = [...new Set(spans.map(({ label }) => label))]
    const parts = []
    let end = 0
    for (const span of spans) {
      const mark = element('mark', '', text.slice(span.start, span.end))
      mark.style.setProperty('--hue', hues[kinds.indexOf(span.label) % hues.length])
      if (span.label) mark.append(element('b', '', span.label))
      if (span.score !== undefined) mark.title = span.score.toFixed(4)
      parts.push(text.slice(end, span.start), mark)
      end = span.end
    }
    at('marked').replaceChildren(...parts, text.slice(end))
    show('marked', true)
  }

  function matrix(texts, vectors) {
    const table = element('table'), head = element('tr'), body = element('tbody')
    head.append(element('th'), ...texts.map((_, i) => element('th', '', String(i + 1))))
    for (const [i, text] of texts.entries()) {
      const row = element('tr'), title = element('th', '', i + 1 + '  ' + text)
      title.title = text
      row.append(title, ...texts.map((_, j) => {
        const cosine = dot(vectors[i], vectors[j])
        const cell = element('td', '', cosine.toFixed(2))
        cell.style.background = tint('--for', 0.6 * Math.max(0, cosine))
        return cell
      }))
      body.append(row)
    }
    const top = element('thead')
    top.append(head)
    table.append(top, body)
    at('matrix').replaceChildren(table)
  }

  // Places in characters, as Python counts, as places in the text.
  const inUnits = (text, place) => [...text].slice(0, place).join('').length

  const tasks = {
    'sequence-classification': {
      verb: 'Classify',
      hint: 'What a lovely film!',
      ask() {
        const text = value('text'), pair = value('pair'), candidates = at('sorts').hidden ? '' : value('candidates')
        if (candidates) return { path: hubPath(), body: { inputs: text, parameters: { candidate_labels: candidates.split(',').map((name) => name.trim()).filter(Boolean), ...adapter() } }, hub: true, texts: [text] }
        return { path: 'predict', body: { inputs: pair ? [text, pair] : text }, cuts: true, texts: pair ? [text, pair] : [text] }
      },
      show(found, { hub, texts }) {
        at('label').textContent = found[0].label
        bars(found, Math.max(1, ...found.map(({ score }) => score)))
        at('explained').replaceChildren(...found.map(({ label }) => new Option(label, label)))
        show('parts', false)
        show('why', !hub)
        last.explained = texts
      },
    },
    'token-classification': {
      verb: 'Find entities',
      hint: 'Ada Lovelace wrote it in London.',
      ask: () => ({ path: 'tag', body: { inputs: value('text') }, texts: [value('text')] }),
      show({ entities, truncated }, { texts }) {
        last.cut ||= truncated
        at('label').textContent = entities.length === 0 ? 'No entities' : entities.length + (entities.length === 1 ? ' entity' : ' entities')
        passage(texts[0], entities)
        bars(entities.map(({ label, score, text }) => ({ label: text + ' · ' + label, score })))
      },
    },
    'sentence-similarity': {
      verb: 'Compare',
      hint: 'How tall is it?\nWhat is its height?\nThe weather is fine.',
      ask: () => ({ path: 'embed', body: { inputs: lines() }, cuts: true, texts: lines() }),
      show(vectors, { texts }) {
        const others = texts.slice(1).map((label, i) => ({ label, score: dot(vectors[0], vectors[i + 1]) }))
        at('label').textContent = others.length === 0 ? vectors[0].length + ' dimensions' : others.length === 1 ? 'Similarity ' + others[0].score.toFixed(2) : 'Similarity'
        if (others.length > 0) matrix(texts, vectors)
      },
    },
    reranking: {
      verb: 'Rank',
      hint: 'It is 330 metres tall.\nIt was built in 1889.',
      ask: () => ({ path: 'rerank', body: { query: value('query'), texts: lines() }, cuts: true, texts: [value('query'), ...lines()] }),
      show(ranks, { body }) {
        at('label').textContent = body.texts[ranks[0].index]
        bars(ranks.map(({ index, score }) => ({ label: body.texts[index], score })))
      },
    },
    'question-answering': {
      verb: 'Answer',
      ask: () => ({ path: hubPath(), body: { inputs: { question: value('query'), context: value('context') }, parameters: { top_k: 3, ...adapter() } }, hub: true, texts: [value('query'), value('context')] }),
      show(answers, { texts: [, context] }) {
        const { answer, start, end } = answers[0]
        at('label').textContent = answer || 'No answer'
        const place = { start: inUnits(context, start), end: inUnits(context, end), label: '' }
        passage(context, answer ? [place] : [])
        bars(answers.map(({ answer, score }) => ({ label: answer || 'No answer', score })))
      },
    },
    'masked-language-model': {
      verb: 'Fill',
      ask: () => ({ path: hubPath(), body: { inputs: value('text'), ...(at('adapter').value ? { parameters: adapter() } : {}) }, hub: true, texts: [value('text')] }),
      show(found) {
        const masks = Array.isArray(found[0]) ? found : [found]
        at('label').textContent = masks.map(([best]) => best.token_str.trim()).join(', ')
        bars(masks.flatMap((words, i) => words.map(({ token_str, score }) => ({ label: (masks.length > 1 ? i + 1 + '. ' : '') + token_str.trim(), score }))))
      },
    },
  }

  function curl({ path, body }) {
    const quoted = JSON.stringify(body).replaceAll("'", "'\\''")
    const key = at('key').value ? " \\\n  -H \"authorization: Bearer $KEY\"" : ''
    return 'curl ' + new URL(path, location.href) + key + " \\\n  -H 'content-type: application/json' \\\n  -d '" + quoted + "'"
  }

  async function tokens() {
    if (!at('tokenized').open || !last) return
    const { value: found } = await call('tokenize', { inputs: last.texts, ...named() })
    at('tokens').replaceChildren(...found.map((tokens) => {
      const line = element('div')
      line.append(...tokens.map(({ text, special }) => element('span', special ? 'token special' : 'token', text)))
      return line
    }))
  }

  async function explain() {
    const texts = last.explained
    const inputs = texts.length === 2 ? texts : texts[0]
    const { value: why } = await ask({ path: 'explain', body: { inputs, label: at('explained').value }, cuts: true })
    const most = Math.max(...why.tokens.map(({ attribution }) => Math.abs(attribution)), 1e-12)
    at('passages').replaceChildren(...texts.map((text, sequence) => {
      const whole = element('p', 'passage'), characters = [...text]
      let end = 0
      for (const token of why.tokens.filter((one) => one.sequence === sequence)) {
        const part = element('span', 'part', characters.slice(token.start, token.stop).join(''))
        const colour = token.attribution > 0 ? '--for' : '--against'
        part.style.background = tint(colour, 0.75 * Math.abs(token.attribution) / most)
        part.title = token.attribution.toFixed(4)
        whole.append(characters.slice(end, token.start).join(''), part)
        end = token.stop
      }
      whole.append(characters.slice(end).join(''))
      return whole
    }))
    const from = why.baseline_logit, sum = why.tokens.reduce((all, { attribution }) => all + attribution, 0)
    at('sum').textContent = 'The tokens add ' + sum.toFixed(2) + ' to the logit of “' + why.label + '”: ' + from.toFixed(2) + ' for a text of padding, ' + why.logit.toFixed(2) + ' for this one.' + (why.truncated ? ' The end of the text was not read.' : '')
    show('parts', true)
  }

  function choose(found) {
    info = found
    const task = tasks[info.task]
    const kind = Object.values(info.model_type)[0]
    for (const part of document.querySelectorAll('[data-for]')) {
      part.hidden = !part.dataset.for.split(' ').includes(info.task)
      for (const field of part.querySelectorAll('input, textarea')) field.disabled = part.hidden
    }
    const tags = info.task === 'token-classification'
    const labels = [...new Set((kind.labels ?? []).filter((label) => !(tags && label === 'O')).map((label) => (tags ? label.replace(/^[BI]-/, '') : label)))]
    show('sorts', info.task === 'sequence-classification' && labels.some((label) => /^entail/i.test(label)))
    for (const id of ['result', 'why', 'more']) show(id, false)
    at('model').textContent = info.served_model_name
    const facts = [labels.length > 12 ? labels.slice(0, 12).join(', ') + ' and ' + (labels.length - 12) + ' more' : labels.join(', '), kind.dimensions && kind.dimensions + ' dimensions, ' + kind.pooling + ' pooling', info.model_dtype + ' on ' + info.device, 'up to ' + info.max_input_length + ' tokens']
    at('facts').textContent = facts.filter(Boolean).join(' · ')
    at('go').textContent = task.verb
    at('text').placeholder = task.hint ?? ''
    at('lines').placeholder = task.hint ?? ''
    if (kind.mask_token) {
      at('mask').textContent = 'Insert ' + kind.mask_token
      at('text').placeholder = 'It was a ' + kind.mask_token + ' film.'
    }
  }

  async function describe() {
    const { value: found } = await call('info')
    infos = found.models ?? [found]
    show('chosen', infos.length > 1)
    at('models').replaceChildren(...infos.map(({ served_model_name, task }) => new Option(served_model_name + ' (' + task + ')', served_model_name)))
    choose(infos.find((one) => one.served_model_name === info?.served_model_name) ?? infos[0])
    at('models').value = info.served_model_name
    await listAdapters()
  }

  async function listAdapters() {
    const { value: adapters } = await call('adapters' + query())
    const chosen = at('adapter').value
    at('adapter').replaceChildren(new Option(info.has_head ? 'the model itself' : 'choose an adapter', ''), ...adapters.map(({ name }) => new Option(name, name)))
    at('adapter').value = adapters.some(({ name }) => name === chosen) ? chosen : ''
    show('adapted', adapters.length > 0)
    show('beside', adapters.length > 0)
    at('adapters').replaceChildren(...adapters.map(({ name, r, labels }) => element('li', '', name + ': r=' + r + (labels.length ? ', ' + labels.join(', ') : ''))))
  }

  async function answer() {
    const task = tasks[info.task], asked = task.ask()
    const began = performance.now()
    const { value: found, headers, path, body, cut } = asked.hub ? await askHub(asked) : await ask(asked)
    const took = performance.now() - began
    last = { texts: asked.texts, cut }
    show('marked', false)
    show('why', false)
    at('scores').replaceChildren()
    at('matrix').replaceChildren()
    task.show(found, { ...asked, body })
    at('latency').textContent = took.toFixed(1) + ' ms, of them ' + headers.get('x-inference-time') + ' ms in the model'
    at('cut').textContent = 'Longer than ' + info.max_input_length + ' tokens: the rest was cut off and not read.'
    show('cut', last.cut)
    at('curl').textContent = curl({ path, body })
    show('result', true)
    show('more', true)
    await tokens()
  }

  // One thing at a time, and what goes wrong is said.
  const does = (work, button) => async (event) => {
    event.preventDefault?.()
    at('error').textContent = ''
    if (button) button.disabled = true
    try { await work() } catch (error) { at('error').textContent = error.message } finally { if (button) button.disabled = false }
  }
  at('form').addEventListener('submit', does(answer, at('go')))
  at('explain').addEventListener('click', does(explain, at('explain')))
  at('key').addEventListener('change', does(describe))
  at('tokenized').addEventListener('toggle', does(tokens))
  at('models').addEventListener('change', does(async () => { choose(infos.find((one) => one.served_model_name === at('models').value)); await listAdapters() }))
  at('mask').addEventListener('click', () => { at('text').setRangeText(Object.values(info.model_type)[0].mask_token, at('text').selectionStart, at('text').selectionEnd, 'end'); at('text').focus() })
  at('copy').hidden = !navigator.clipboard
  at('copy').addEventListener('click', does(() => navigator.clipboard.writeText(at('curl').textContent)))
  does(describe)({})
`
