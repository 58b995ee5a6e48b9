import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** What a script of Python answers to a request: JSON on its stdin, an array of JSON on its stdout. */
export async function ask<T>(python: string, script: string, request: object): Promise<T[]> {
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(request))
  return JSON.parse(await text(child.stdout)) as T[]
}
