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
import { Demo } from './demo.mjs'
import inventory from './inventory.mjs'
import lifecycle from './lifecycle.mjs'
import { takeScreenshots } from './screenshots.mjs'

const TEST_LIMIT = 45_000

const { values: options } = parseArgs({ options: { only: { type: 'string' }, screenshots: { type: 'string' } } })
const shots = options.screenshots ?? mkdtempSync(join(tmpdir(), 'canyon-screenshots-'))
mkdirSync(shots, { recursive: true })

// In order: the last ones kill the server and stop the demo.
const suites = {
    inventory,
    chat,
    screenshots: { 'both pages can be shown as they look at work': ({ browser, demo }) => takeScreenshots(browser, demo, shots) },
    lifecycle,
}

let browser
let passed = 0
let failed = 0

// A runner that is told to stop ends the test in hand, runs no other, and cleans up as always.
let stopped = false
const stop = new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM']) {
        process.on(signal, () => {
            stopped = true
            reject(new Error(`stopped by ${signal}`))
        })
    }
})
stop.catch(() => {})

// What a test that was given up still waits for fails when its windows close; anything else is a mistake to be seen.
process.on('unhandledRejection', (error) => {
    if (stopped) return
    failed++
    console.log(`FAILED  an error that no test waited for\n${indent(error.stack ?? String(error))}`)
})

try {
    const demo = new Demo()
    await Promise.race([demo.ready(), stop])
    browser = await Browser.launch()

    for (const [suite, tests] of Object.entries(suites)) {
        for (const [name, test] of Object.entries(tests)) {
            const wanted = !options.only || `${suite}: ${name}`.includes(options.only)
            if (wanted && !stopped) await run(`${suite}: ${name}`, () => test({ demo, browser }))
        }
    }
} catch (error) {
    failed++
    console.log(`FAILED  to start\n${indent(error.stack)}`)
} finally {
    await browser?.close()
    await Demo.killAll()
}

console.log(`\nscreenshots: ${shots}`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 && !stopped ? 0 : 1)

async function run(name, test) {
    const started = Date.now()
    let timer
    try {
        const limit = new Promise((_, reject) => {
            timer = setTimeout(() => reject(new Error(`not finished after ${TEST_LIMIT} ms`)), TEST_LIMIT)
        })
        await Promise.race([test(), limit, stop])
        browser.ensureNoPageFailed()
        passed++
        console.log(`ok      ${name} (${Date.now() - started} ms)`)
    } catch (error) {
        failed++
        console.log(`FAILED  ${name}\n${indent(error.stack ?? String(error))}\n${indent(browser.describePages())}`)
        await browser.savePages(join(shots, `failed-${failed}`)).catch(() => {})
    } finally {
        clearTimeout(timer)
        await browser.closeWindows()
    }
}

function indent(text) {
    return text.replace(/^/gm, '        ')
}
