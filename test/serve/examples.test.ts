import { spawn } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { tinyClassifier } from '../inference/models.ts'

let base: string
beforeAll(async () => {
  base = await tinyClassifier({ labels: ['bad', 'good'] })
})

describe.each(['fastify', 'hono', 'express'])('examples/serve-%s', (name) => {
  it('classifies, refuses wrong input, and ends on SIGTERM', async () => {
    const script = new URL(`../../examples/serve-${name}/server.ts`, import.meta.url).pathname
    const child = spawn(process.execPath, ['--import', 'tsx', script, base], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exit = new Promise<number | null>((resolve) => child.on('exit', resolve))
    try {
      const url = await new Promise<string>((resolve) => {
        child.stdout.on('data', (data) => {
          const found = /http:\/\/\S+/.exec(String(data))
          if (found) resolve(found[0].replace('[::1]', '127.0.0.1'))
        })
      })
      const post = (body: string) =>
        fetch(`${url}/tickets`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', connection: 'close' },
          body,
        })
      const answer = await post('{"text":"the film was great."}')
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({
        label: expect.stringMatching(/bad|good/),
        score: expect.any(Number),
      })
      expect((await post('{"text":{}}')).status).toBeGreaterThanOrEqual(400)
      expect((await post('{"text":{}}')).status).toBeLessThan(500)
      expect((await post('{')).status).toBe(400)
    } finally {
      child.kill('SIGTERM')
    }
    expect(await exit).toBe(0)
  })
})
