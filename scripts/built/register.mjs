/**
 * `node --import tsx --import ./scripts/built/register.mjs program.ts`: a program of this checkout with what dist/ has in the
 * place of lib/, for tests that start many processes. Who starts it sees to it that dist/ is current.
 */
import { register } from 'node:module'

register('./hooks.mjs', import.meta.url)
