// Talks to a real server with the clients and libraries that others wrote, and with bare frames and requests.
//
//   node tests/conformance/run.mjs [--only TEXT] [--all] [--list]
//
// Needs the environment of tests/setup/env.sh. The last line is `N passed, N failed`. A test of a feature that is not in
// supported.json is left out, unless --all asks for it.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { parseArgs } from 'node:util'

import { Browser } from '../browser/browser.mjs'
import { describeApps } from './support/apps.mjs'
import { Backend } from './support/backend.mjs'
import { Context } from './support/context.mjs'
import { Server } from './support/server.mjs'

const TEST_LIMIT = 45_000

const suites = {
    'connection': './pusher-js/connection.mjs',
    'subscription': './pusher-js/subscriptions.mjs',
    'client events': './pusher-js/client_events.mjs',
    'presence': './pusher-js/presence.mjs',
    'kinds of channels': './pusher-js/kinds.mjs',
    'users': './pusher-js/users.mjs',
    'echo': './echo/echo.mjs',
    'hooks': './echo/hooks.mjs',
    'node library': './api/node.mjs',
    'webhooks': './api/webhooks.mjs',
    'python library': './api/python.mjs',
    'signing': './api/signing.mjs',
    'table': './table.mjs',
}

const { values: options } = parseArgs({
    options: { only: { type: 'string' }, all: { type: 'boolean' }, list: { type: 'boolean' } },
})
const supported = new Set(JSON.parse(fs.readFileSync(new URL('supported.json', import.meta.url))))
const isSupported = ({ needs = [] }) => options.all || needs.every((feature) => supported.has(feature))

let passed = 0
let failed = 0
let left = 0

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

// What a test that was given up still waits for fails when its clients close; anything else is a mistake to be seen.
process.on('unhandledRejection', (error) => {
    if (stopped) return
    failed++
    console.log(`FAILED  an error that no test waited for\n${indent(error.stack ?? String(error))}`)
})

const tests = []
for (const [suite, file] of Object.entries(suites)) {
    const { default: cases } = await import(file)
    for (const [name, test] of Object.entries(cases)) {
        const title = `${suite}: ${name}`
        if (options.only && !title.includes(options.only)) continue
        if (isSupported(test)) tests.push({ title, test })
        else left++
    }
}
if (options.list) {
    for (const { title, test } of tests) console.log(`${title}${test.needs ? `  [${test.needs.join(', ')}]` : ''}`)
    process.exit(0)
}

let backend
let server
let chromium
const browser = () => (chromium ??= Browser.launch())
try {
    backend = await Backend.start()
    const apps = describeApps(`${backend.url}/webhooks`)
    backend.knows(apps)
    server = await Server.start(Object.values(apps).filter(isSupported))
    for (const { title, test } of tests) {
        if (!stopped) await run(title, test, { server, apps, backend, browser })
    }
    if (!stopped) await run('server: outlived all of this, and stops when told to', endServer, { server, apps, backend, browser })
} catch (error) {
    failed++
    console.log(`FAILED  to start\n${indent(error.stack)}`)
} finally {
    await (await chromium)?.close()
    await server?.close()
    await backend?.close()
}

if (left) console.log(`\n${left} tests left out: the server does not do yet what they need`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 && !stopped ? 0 : 1)

async function endServer({ server: started }) {
    assert.equal(await started.end(), 0)
    assert.doesNotMatch(started.log, /panicked/)
}

async function run(title, test, surroundings) {
    const started = Date.now()
    const context = new Context(surroundings)
    let timer
    let problem
    try {
        const limit = new Promise((_, reject) => {
            timer = setTimeout(() => reject(new Error(`not finished after ${TEST_LIMIT} ms`)), TEST_LIMIT)
        })
        await Promise.race([test(context), limit, stop])
    } catch (error) {
        problem = error
    }
    clearTimeout(timer)
    await context.end().catch((error) => { problem ??= error })
    if (problem) {
        failed++
        console.log(`FAILED  ${title}\n${indent(problem.stack ?? String(problem))}`)
    } else {
        passed++
        console.log(`ok      ${title} (${Date.now() - started} ms)`)
    }
}

function indent(text) {
    return text.replace(/^/gm, '        ')
}
