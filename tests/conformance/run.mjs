// Talks to a real server with the clients and libraries that others wrote, and with bare frames and requests.
//
//   node tests/conformance/run.mjs [--only TEXT] [--list] [--behind nginx|caddy]
//
// Needs the environment of tests/setup/env.sh. The last line is `N passed, N failed`.

import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'

import { Browser } from '../browser/browser.mjs'
import { Runner, Skip } from '../support/runner.mjs'
import { describeApps } from './support/apps.mjs'
import { Backend } from './support/backend.mjs'
import { Context } from './support/context.mjs'
import { Server } from './support/server.mjs'
import { names as proxies } from './support/proxy.mjs'
import { notBehind } from './proxied.mjs'

const suites = {
    'connection': './pusher-js/connection.mjs',
    'subscription': './pusher-js/subscriptions.mjs',
    'limits': './pusher-js/limits.mjs',
    'client events': './pusher-js/client_events.mjs',
    'presence': './pusher-js/presence.mjs',
    'kinds of channels': './pusher-js/kinds.mjs',
    'users': './pusher-js/users.mjs',
    'echo': './echo/echo.mjs',
    'hooks': './echo/hooks.mjs',
    'reloads': './echo/reloads.mjs',
    'batched auth': './echo/batched_auth.mjs',
    'node library': './api/node.mjs',
    'webhooks': './api/webhooks.mjs',
    'python library': './api/python.mjs',
    'signing': './api/signing.mjs',
    'metrics': './api/metrics.mjs',
    'table': './table.mjs',
}

const { values: options } = parseArgs({ options: { only: { type: 'string' }, list: { type: 'boolean' }, behind: { type: 'string' } } })
if (options.behind && !proxies.includes(options.behind)) throw new Error(`--behind knows ${proxies.join(' and ')}`)
Server.behind = options.behind


const tests = []
for (const [suite, file] of Object.entries(suites)) {
    const { default: cases } = await import(file)
    for (const [name, test] of Object.entries(cases)) {
        const title = `${suite}: ${name}`
        if (!options.only || title.includes(options.only)) tests.push({ title, test })
    }
}
if (options.list) {
    for (const { title } of tests) console.log(title)
    process.exit(0)
}

if (options.behind) leaveOut(notBehind)

const runner = new Runner()
let backend
let server
let chromium
const browser = () => (chromium ??= Browser.launch())
try {
    backend = await Backend.start()
    const apps = describeApps(`${backend.url}/webhooks`)
    backend.knows(apps)
    server = await Server.start(Object.values(apps))
    const last = { title: 'server: outlived all of this, and stops when told to', test: endServer }
    for (const { title, test } of [...tests, last]) {
        const context = new Context({ server, apps, backend, browser })
        await runner.run(title, () => test(context), { end: () => context.end() })
    }
} catch (error) {
    runner.fail('to start', error)
} finally {
    await (await chromium)?.close()
    await server?.close()
    await backend?.close()
}
runner.finish()

/** Has the tests of these names skipped, which have to exist. */
function leaveOut(reasons) {
    for (const [title, reason] of Object.entries(reasons)) {
        const left = tests.find((test) => test.title === title)
        if (left) left.test = () => { throw new Skip(reason) }
        else if (!options.only) throw new Error(`there is no test "${title}" to leave out`)
    }
}

async function endServer({ server: started }) {
    assert.equal(await started.end(), 0)
    assert.doesNotMatch(started.log, /panicked/)
}
