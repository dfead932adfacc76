// Drives two windows of a real browser through the demo application, against the real server and extension.
//
//   node tests/browser/run.mjs [--only TEXT] [--screenshots DIR]
//
// Needs the environment of tests/setup/env.sh. The last line is `N passed, N failed`.

import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { Browser } from './browser.mjs'
import chat from './chat.mjs'
import { startDemo } from './demo.mjs'
import inventory from './inventory.mjs'
import lifecycle from './lifecycle.mjs'
import { takeScreenshots } from './screenshots.mjs'

const TEST_LIMIT = 45_000

const { values: options } = parseArgs({ options: { only: { type: 'string' }, screenshots: { type: 'string' } } })

// In order: the last ones kill the server and stop the demo.
const suites = { inventory, chat, lifecycle }

const shots = options.screenshots ?? mkdtempSync(join(tmpdir(), 'canyon-screenshots-'))
mkdirSync(shots, { recursive: true })

const demo = await startDemo()
const browser = await Browser.launch()

let passed = 0
let failed = 0
try {
    for (const [suite, tests] of Object.entries(suites)) {
        if (suite === 'lifecycle' && !options.only) await takeScreenshots(browser, demo, shots)
        for (const [name, test] of Object.entries(tests)) {
            if (!options.only || name.includes(options.only)) await run(suite, name, test)
        }
    }
} finally {
    await browser.close()
    await demo.kill()
}

console.log(`\nscreenshots: ${shots}`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)

async function run(suite, name, test) {
    const started = Date.now()
    let timer
    try {
        const limit = new Promise((_, reject) => {
            timer = setTimeout(() => reject(new Error(`not finished after ${TEST_LIMIT} ms`)), TEST_LIMIT)
        })
        await Promise.race([test({ demo, browser }), limit])
        browser.ensureNoPageFailed()
        passed++
        console.log(`ok      ${suite}: ${name} (${Date.now() - started} ms)`)
    } catch (error) {
        failed++
        console.log(`FAILED  ${suite}: ${name}\n${indent(error.stack ?? String(error))}`)
        await browser.savePages(join(shots, `failed-${passed + failed}`)).catch(() => {})
        console.log(indent(browser.describePages()))
    } finally {
        clearTimeout(timer)
        await browser.closeWindows()
    }
}

function indent(text) {
    return text.replace(/^/gm, '        ')
}
