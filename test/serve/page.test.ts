import { existsSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from '../../lib/serve/app.ts'
import {
  tinyAdapter,
  tinyAnswerer,
  tinyClassifier,
  tinyEmbedder,
  tinyFiller,
  tinyReranker,
  tinyTagger,
} from '../inference/models.ts'

/** Debian's package "chromium", or the browser that CHROMIUM names. */
const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium'

describe.skipIf(!existsSync(chromium))('the page at /', () => {
  let apps: FastifyInstance[]
  let browser: Browser
  let keyed: string
  let several: string
  const outside: string[] = []
  const broken: unknown[] = []
  beforeAll(async () => {
    const base = await tinyClassifier({ labels: ['bad', 'fair', 'good'] })
    const adapter = await tinyAdapter(base, { seed: 3, labels: ['<b>no</b>', 'yes'] })
    const models = {
      mood: base,
      names: await tinyTagger({ labels: ['O', 'B-person', 'I-person'] }),
      nli: await tinyClassifier({ labels: ['entailment', 'contradiction'] }),
      search: await tinyEmbedder(),
      rank: await tinyReranker(),
      answer: await tinyAnswerer(),
      fill: await tinyFiller(),
    }
    apps = [
      await createServer(base, { adapters: { tone: adapter }, apiKey: 'key', logLevel: 'silent' }),
      await createServer(models, { logLevel: 'silent' }),
    ]
    ;[keyed, several] = (await Promise.all(apps.map((app) => app.listen({ port: 0 })))) as [string, string]
    browser = await puppeteer.launch({ executablePath: chromium, args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser?.close()
    await Promise.all((apps ?? []).map((app) => app.close()))
  })

  async function open(url: string): Promise<Page> {
    const page = await browser.newPage()
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) outside.push(request.url())
    })
    page.on('pageerror', (error) => broken.push(error))
    await page.goto(url)
    return page
  }
  const textOf = (page: Page, id: string) => page.$eval(`#${id}`, (element) => element.textContent ?? '')
  const isShown = (page: Page, id: string) => page.$eval(`#${id}`, (element) => element.checkVisibility())
  const ask = async (page: Page) => {
    await page.click('#go')
    await page.waitForFunction(
      "!document.querySelector('#go').disabled && (!document.querySelector('#result').hidden || document.querySelector('#error').textContent)",
    )
  }

  it('asks for a key where one is needed; shows label, scores, tokens, latency, curl line and adapters', async () => {
    const page = await open(keyed)
    await page.waitForFunction("document.querySelector('#error').textContent")
    expect(await textOf(page, 'error')).toMatch(/API key/)
    await page.type('#key', 'key')
    await page.type('#text', "it's raining.")
    await page.waitForFunction("document.querySelector('#facts').textContent")
    expect(await textOf(page, 'facts')).toMatch(/^bad, fair, good · float32 on cpu · up to 64 tokens$/)
    await ask(page)
    expect(['bad', 'fair', 'good']).toContain(await textOf(page, 'label'))
    expect(await page.$$eval('#scores .score', (rows) => rows.length)).toBe(3)
    expect(await textOf(page, 'latency')).toMatch(/^[\d.]+ ms, of them \d+ ms in the model$/)
    expect(await textOf(page, 'curl')).toContain(`-d '{"inputs":"it'\\''s raining."}'`)
    expect(await textOf(page, 'curl')).toMatch(/curl http:\S+\/predict .*authorization: Bearer \$KEY/s)
    await page.click('#tokenized summary')
    await page.waitForSelector('#tokens .token')
    const tokens = await page.$$eval('#tokens .token', (all) => all.map(({ textContent }) => textContent))
    expect(tokens).toEqual(expect.arrayContaining(['[CLS]', 'it', 'raining', '[SEP]']))
    expect(await textOf(page, 'adapters')).toMatch(/tone: r=4/)

    await page.select('#adapter', 'tone')
    await ask(page)
    await page.waitForFunction("document.querySelectorAll('#scores .score').length === 2")
    // A label is text, whatever it holds.
    expect(['<b>no</b>', 'yes']).toContain(await textOf(page, 'label'))
  })

  it('says why: tokens coloured by what they have to do with the label', async () => {
    const page = await open(several)
    await page.waitForFunction("document.querySelector('#facts').textContent")
    await page.type('#text', 'the castle was old. her river was slow.')
    await ask(page)
    await page.click('#explain')
    await page.waitForFunction("!document.querySelector('#parts').hidden")
    const parts = await page.$$eval('#passages .part', (all) => all.map(({ textContent }) => textContent))
    expect(parts).toEqual(expect.arrayContaining(['castle', 'old', 'river']))
    const colours = (await page.evaluate(
      "[...document.querySelectorAll('#passages .part')].map((part) => getComputedStyle(part).backgroundColor)",
    )) as string[]
    // The word that weighs most is coloured most, others by what they weigh beside it.
    expect(colours.filter((colour) => /\/ 0\.75\)$/.test(colour))).toHaveLength(1)
    expect(new Set(colours).size).toBeGreaterThan(3)
    expect(await textOf(page, 'passages')).toBe('the castle was old. her river was slow.')
    expect(await textOf(page, 'sum')).toMatch(/^The tokens add -?[\d.]+ to the logit of “(bad|fair|good)”: /)
  })

  it('says when a text was cut, and what is wrong', async () => {
    const page = await open(several)
    await page.waitForFunction("document.querySelector('#facts').textContent")
    await page.$eval('#text', (field) => {
      Object.assign(field, { value: 'a play was dull '.repeat(40) })
    })
    await ask(page)
    expect(await isShown(page, 'cut')).toBe(true)
    expect(await textOf(page, 'cut')).toMatch(/^Longer than 64 tokens/)
    expect(await textOf(page, 'curl')).toMatch(/"truncate":true/)
    await page.$eval('#text', (field) => {
      Object.assign(field, { value: 'a play' })
    })
    await ask(page)
    expect(await isShown(page, 'cut')).toBe(false)

    for (const [model, field, value] of [
      ['nli', 'candidates', 'film, song'],
      ['fill', 'text', `the [MASK] was great. ${'a play was dull '.repeat(40)}`],
    ]) {
      await page.select('#models', model!)
      await page.waitForFunction(`document.querySelector('#model').textContent === '${model}'`)
      await page.$eval('#text', (one) => {
        Object.assign(one, { value: 'a play was dull '.repeat(40) })
      })
      await page.$eval(`#${field}`, (one, set) => Object.assign(one, { value: set }), value)
      await ask(page)
      expect(await isShown(page, 'cut'), model).toBe(true)
    }
  })

  it('shows what fits the model that is chosen, entities marked in their text', async () => {
    const page = await open(several)
    await page.waitForFunction("document.querySelector('#facts').textContent")
    expect(await isShown(page, 'chosen')).toBe(true)
    expect(await isShown(page, 'pair')).toBe(true)
    expect(await isShown(page, 'candidates')).toBe(false)
    await page.select('#models', 'nli')
    await page.waitForFunction("document.querySelector('#model').textContent === 'nli'")
    await page.type('#text', 'the film was great.')
    await page.type('#candidates', 'film, song')
    await ask(page)
    expect(['film', 'song']).toContain(await textOf(page, 'label'))
    expect(await isShown(page, 'why')).toBe(false)

    await page.select('#models', 'names')
    await page.waitForFunction("document.querySelector('#model').textContent === 'names'")
    for (const id of ['pair', 'candidates', 'query', 'lines', 'context', 'mask'])
      expect(await isShown(page, id)).toBe(false)
    await ask(page)
    expect(await textOf(page, 'label')).toMatch(/entit/)
    const whole = await page.$eval('#marked', (element) => {
      for (const label of element.querySelectorAll('b')) label.remove()
      return element.textContent
    })
    expect(whole).toBe('the film was great.')
    expect(await isShown(page, 'why')).toBe(false)
  })

  it('compares texts, ranks them, marks an answer in its context, fills masks', async () => {
    const page = await open(several)
    await page.waitForFunction("document.querySelector('#facts').textContent")
    const choose = async (name: string) => {
      await page.select('#models', name)
      await page.waitForFunction(`document.querySelector('#model').textContent === '${name}'`)
    }
    await choose('search')
    expect(await textOf(page, 'facts')).toMatch(/^32 dimensions, mean pooling · /)
    await page.type('#lines', 'the castle\nthe river\nthe castle')
    await ask(page)
    const cells = await page.$$eval('#matrix td', (all) => all.map(({ textContent }) => textContent))
    expect(cells).toHaveLength(9)
    expect([cells[0], cells[2], cells[4]]).toEqual(['1.00', '1.00', '1.00'])
    expect(cells[1]).toBe(cells[3])

    await choose('rank')
    expect(await isShown(page, 'matrix')).toBe(false)
    await page.type('#query', 'was it old')
    await ask(page)
    expect(await page.$$eval('#scores .score', (rows) => rows.length)).toBe(3)
    expect(await textOf(page, 'label')).toMatch(/^the (castle|river)$/)

    await choose('answer')
    const context = '\u{1f3f0} the castle was old and the river was slow.'
    await page.type('#context', context)
    await ask(page)
    const marked = await page.$eval('#marked mark', (element) => element.textContent)
    expect(await textOf(page, 'label')).toBe(marked)
    expect(await textOf(page, 'marked')).toBe(context)

    await choose('fill')
    await page.type('#text', 'the ')
    await page.click('#mask')
    await ask(page)
    expect(await textOf(page, 'curl')).toContain(`-d '{"inputs":"the [MASK]"}'`)
    expect(await page.$$eval('#scores .score', (rows) => rows.length)).toBe(5)
  })

  it('fits a phone: nothing is wider than it', async () => {
    const page = await open(several)
    await page.setViewport({ width: 390, height: 844 })
    await page.waitForFunction("document.querySelector('#facts').textContent")
    await page.type('#text', `the film was great. ${'x'.repeat(200)}`)
    await ask(page)
    await page.click('#explain')
    await page.waitForFunction("!document.querySelector('#parts').hidden")
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    // Five texts are compared without a scroll.
    await page.select('#models', 'search')
    await page.waitForFunction("document.querySelector('#model').textContent === 'search'")
    await page.type('#lines', 'the castle was old\nthe river\nher song was dull\na play\nthe film')
    await ask(page)
    expect(await page.$eval('#matrix', ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0)
  })

  it('asks nothing elsewhere, and nothing breaks', () => {
    expect(outside).toEqual([])
    expect(broken).toEqual([])
  })
})
