import { existsSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import puppeteer, { type Browser } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from '../../lib/serve/app.ts'
import { tinyAdapter, tinyClassifier } from '../inference/models.ts'

/** Debian's package "chromium", or the browser that CHROMIUM names. */
const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium'

describe.skipIf(!existsSync(chromium))('the page at /', () => {
  let app: FastifyInstance
  let browser: Browser
  let url: string
  beforeAll(async () => {
    const base = await tinyClassifier({ labels: ['bad', 'fair', 'good'] })
    const adapter = await tinyAdapter(base, { seed: 3, labels: ['<b>no</b>', 'yes'] })
    app = await createServer(base, { adapters: { tone: adapter }, apiKey: 'key', logLevel: 'silent' })
    url = await app.listen({ port: 0 })
    browser = await puppeteer.launch({ executablePath: chromium, args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser?.close()
    await app?.close()
  })

  it('shows label, scores, tokens and latency, and the adapters; says what is wrong', async () => {
    const page = await browser.newPage()
    const outside: string[] = []
    const broken: unknown[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) outside.push(request.url())
    })
    page.on('pageerror', (error) => broken.push(error))
    await page.goto(url)
    const text = (id: string) => page.$eval(`#${id}`, (element) => element.textContent ?? '')
    await page.waitForFunction("document.querySelector('#error').textContent")
    expect(await text('error')).toMatch(/API key/)

    await page.type('#key', 'key')
    await page.type('#text', 'the film was great.')
    await page.click('button')
    await page.waitForSelector('#adapter option[value=tone]')
    await page.waitForFunction("document.querySelector('#tokens .token')")
    expect(['bad', 'fair', 'good']).toContain(await text('label'))
    expect(await page.$$eval('#scores .score', (rows) => rows.length)).toBe(3)
    expect(await text('latency')).toMatch(/^[\d.]+ ms, of them \d+ ms in the model$/)
    expect(
      await page.$$eval('#tokens .token', (tokens) => tokens.map(({ textContent }) => textContent)),
    ).toEqual(expect.arrayContaining(['[CLS]', 'the', '[SEP]']))
    expect(await text('adapters')).toMatch(/tone: r=4/)

    await page.select('#adapter', 'tone')
    await page.click('button')
    await page.waitForFunction("document.querySelectorAll('#scores .score').length === 2")
    // A label is text, whatever it holds.
    expect(['<b>no</b>', 'yes']).toContain(await text('label'))
    expect(outside).toEqual([])
    expect(broken).toEqual([])
  })
})
