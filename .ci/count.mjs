/**
 * Adds up the reports in a folder and prints the last line of a run. A suite that ended badly without a failed test
 * in its report (it crashed, or never started) counts as one failure; one without a report, a check, as one pass or
 * failure.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.argv[2]
let passed = 0
let failed = 0
let skipped = 0

const readers = {
  '.json'(text) {
    const report = JSON.parse(text)
    // A file that cannot be loaded is a failed file without tests.
    const broken = report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    )
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + broken.length,
      skipped: report.numPendingTests + report.numTodoTests,
    }
  },
  '.xml'(text) {
    const count = (name) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(text)?.[1] ?? 0)
    const bad = count('failures') + count('errors')
    return { passed: count('tests') - bad - count('skipped'), failed: bad, skipped: count('skipped') }
  },
}

for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.exit'))) {
  const suite = name.slice(0, -'.exit'.length)
  let bad = 0
  let reported = false
  for (const [ending, read] of Object.entries(readers)) {
    const report = join(folder, suite + ending)
    if (!existsSync(report)) continue
    reported = true
    const counts = read(readFileSync(report, 'utf8'))
    passed += counts.passed
    skipped += counts.skipped
    bad = counts.failed
  }
  const ended = readFileSync(join(folder, name), 'utf8').trim() === 'exit code 0'
  if (bad === 0 && !ended) bad = 1
  if (ended && !reported) passed++
  if (bad > 0) console.log(`${suite}: ${bad} failed`)
  failed += bad
}
rmSync(folder, { recursive: true, force: true })
if (skipped > 0) console.log(`${skipped} skipped`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
console.log(`${passed} passed, ${failed} failed`)
