// Drives two windows of a real browser through the demo application, against the real server and extension.
//
//   node tests/browser/run.mjs [--only TEXT] [--screenshots DIR]
//
// Needs the environment of tests/setup/env.sh. The last line is `N passed, N failed`.

import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { Runner } from '../support/runner.mjs'
import batchedAuth from './batched_auth.mjs'
import { Browser } from './browser.mjs'
import chat from './chat.mjs'
import dashboard, { looks, start } from './dashboard.mjs'
import { Demo } from './demo.mjs'
import inventory from './inventory.mjs'
import lifecycle from './lifecycle.mjs'
import { takeScreenshots } from './screenshots.mjs'
import server from './server.mjs'

const { values: options } = parseArgs({ options: { only: { type: 'string' }, screenshots: { type: 'string' } } })
const shots = options.screenshots ?? mkdtempSync(join(tmpdir(), 'canyon-screenshots-'))
mkdirSync(shots, { recursive: true })

// In order: the first ones want nobody to be there yet, the last ones kill the server and stop the demo.
const suites = {
    'dashboard at first': start,
    inventory,
    chat,
    server,
    'batched auth': batchedAuth,
    dashboard,
    'dashboard looks': looks(shots),
    screenshots: { 'all pages can be shown as they look at work': ({ browser, demo }) => takeScreenshots(browser, demo, shots) },
    lifecycle,
}

const runner = new Runner()
let browser
try {
    const demo = new Demo()
    await runner.unlessStopped(demo.ready())
    browser = await Browser.launch()

    for (const [suite, tests] of Object.entries(suites)) {
        for (const [name, test] of Object.entries(tests)) {
            const title = `${suite}: ${name}`
            if (!options.only || title.includes(options.only)) await run(title, () => test({ demo, browser }))
        }
    }
} catch (error) {
    runner.fail('to start', error)
} finally {
    await browser?.close()
    await Demo.killAll()
}

console.log(`\nscreenshots: ${shots}`)
runner.finish()

function run(title, test) {
    return runner.run(title, async () => {
        await test()
        browser.ensureNoPageFailed()
    }, {
        describe: async () => {
            await browser.savePages(join(shots, `failed-${runner.failed + 1}`)).catch(() => {})
            return browser.describePages()
        },
        end: () => browser.closeWindows(),
    })
}
