// The dashboard, view by view, while the demo is used in other windows.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import { until } from '../support/until.mjs'

const require = createRequire(`${process.env.NODE_PATH}/`)
const AXE = require('axe-core').source

const ADA = 1
const GRACE = 2
const MALLORY = 4
const LOBBY = 'presence-room.lobby'
const START_LIMIT = 60_000
const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } }

/** Opens a view of the dashboard and waits until it is live. */
async function openDashboard({ browser, demo }, view = '') {
    const window = await browser.open(`${demo.url}/canyon${view}`)
    await window.sees('.pill[data-state="live"]', 'Live')
    return window
}

/** Opens a view of a page that reads something else in its settings than the application wrote. */
async function openToldOtherwise({ browser, demo }, view, { port, ...told }) {
    const window = await browser.open('about:blank')
    // Not by changing the answer: to Chromium such a page is none of this machine, and may not connect to it.
    await window.page.addInitScript(({ port, told }) => {
        const parse = JSON.parse
        JSON.parse = (...given) => {
            const value = parse(...given)
            return value?.socket ? { ...value, ...told, socket: { ...value.socket, port: port ?? value.socket.port } } : value
        }
    }, { port, told })
    await window.page.goto(`${demo.url}/canyon${view}`)
    return window
}

async function enterChat({ browser, demo }, id) {
    const window = await browser.open(`${demo.url}/chat`)
    await window.page.click(`[data-sign-in="${id}"]`)
    await window.connected()
    await window.subscribed(LOBBY)
    return window
}

async function openInventory({ browser, demo }) {
    const window = await browser.open(demo.url)
    await window.connected()
    await window.subscribed('inventory')
    return window
}

const change = (window, item = 3) => window.page.click(`[data-item="${item}"] [data-add="1"]`)

/** The number in a tile, as it is read. */
const tile = (window, label) => window.page.locator('.tile', { has: window.page.locator(`dt:text-is("${label}")`) }).locator('b').innerText()

/** Subscribes with something that is no signature of the application. */
function subscribeBadly({ page }, channel, signature) {
    return page.evaluate(({ channel, signature }) => new Promise((resolve) => {
        const { host, port, key } = JSON.parse(document.getElementById('canyon').textContent)
        const socket = new WebSocket(`ws://${host}:${port}/app/${key}?protocol=7`)
        socket.onmessage = ({ data }) => {
            const { event } = JSON.parse(data)
            if (event === 'pusher:connection_established') socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel, auth: signature.replace('KEY', key) } }))
            if (event === 'pusher:error') resolve(socket.close())
        }
    }), { channel, signature })
}

/** Has to come before anybody else has connected. */
export const start = {
    async 'where nobody is yet, the page says what to do'(context) {
        const dashboard = await openDashboard(context)

        await dashboard.sees('[data-notice="first-steps"]', 'nobody is connected but you')
        await dashboard.sees('[data-notice="first-steps"] code', 'php artisan canyon:doctor')
        await until('this page to be counted', async () => (await tile(dashboard, 'Connections')) === '1')

        await dashboard.page.click('nav a:text-is("Channels")')
        await dashboard.sees('.empty', 'Nobody is subscribed to anything.')
        await dashboard.page.click('nav a:text-is("Events")')
        await dashboard.sees('.empty', 'No event yet.')
        await dashboard.page.click('nav a:text-is("Refusals")')
        await dashboard.sees('.empty', 'Nothing was refused.')

        await dashboard.page.click('nav a:text-is("Overview")')
        await openInventory(context)
        await dashboard.seesNo('[data-notice="first-steps"]')
        assert.equal(dashboard.loads, 1, 'the views change without loading the page')
    },
}

export default {
    async 'the overview begins with what was before, and follows second by second'(context) {
        const inventory = await openInventory(context)
        await change(inventory)
        await inventory.frame('ItemUpdated')
        const dashboard = await openDashboard(context)

        // From the history, as no second has passed with the page open.
        const shape = /^Events in, the last \d+ minutes: queue [\d,.k]+ now, at most [1-9][\d,.k]*;/
        await until('the events of before in the chart', async () => shape.test(await dashboard.page.locator('.plot').nth(1).getAttribute('aria-label')))
        assert.equal(await dashboard.page.locator('.chart').count(), 8)
        for (const canvas of await dashboard.page.locator('.plot canvas').all()) assert.ok((await canvas.boundingBox()).width > 200)

        await dashboard.frame('canyon.sample')
        await dashboard.frame('canyon.sample', (frame) => frame !== dashboard.received('canyon.sample')[0])
        await until('this page to be counted', async () => (await tile(dashboard, 'Connections')) === '2')

        // Busy for longer than a second, whenever that began.
        const isListed = dashboard.sees('.card:has(h2:text-is("Busiest channels")) a.channel', 'inventory')
        let isBusy = true
        isListed.finally(() => { isBusy = false }).catch(() => {})
        while (isBusy) await change(inventory)
        await isListed

        await dashboard.page.click('.choice button:text-is("1 min")')
        assert.equal(await dashboard.page.getAttribute('.choice button:text-is("1 min")', 'aria-pressed'), 'true')
    },

    async 'channels are found by name and kind, and members come and go'(context) {
        const inventory = await openInventory(context)
        const ada = await enterChat(context, ADA)
        const dashboard = await openDashboard(context, '/channels')
        const rows = '.card tbody tr'
        await dashboard.sees(rows, LOBBY)
        await dashboard.sees(rows, 'inventory')
        await dashboard.seesNo(rows, 'private-canyon-dashboard')

        await dashboard.page.click('.choice button:text-is("Presence")')
        await dashboard.seesNo(rows, 'inventory')
        await dashboard.page.click('.choice button:text-is("All")')
        await dashboard.page.press('body', '/')
        await dashboard.page.keyboard.type('vent')
        await dashboard.seesNo(rows, LOBBY)
        assert.equal(await dashboard.page.inputValue('.search input'), 'vent')
        await dashboard.page.keyboard.type('ures')
        await dashboard.sees('.empty', 'No occupied channel is like this.')
        await dashboard.page.keyboard.press('Escape')
        await dashboard.page.click(`${rows} a:text-is("${LOBBY}")`)

        await dashboard.sees('.members li', String(ADA))
        const grace = await enterChat(context, GRACE)
        await dashboard.sees('.members li', String(GRACE))
        await grace.close()
        await until('Grace to be gone', async () => (await dashboard.texts('.members li')).join() === String(ADA))

        await ada.page.fill('#composer input', 'Who looks?')
        await ada.page.press('#composer input', 'Enter')
        await dashboard.sees('.event-name', 'App\\Events\\MessageSent')
        await inventory.connected()
        assert.equal(dashboard.loads, 1)
    },

    async 'events pass, are filtered, paused, and show what they carry'(context) {
        const inventory = await openInventory(context)
        const ada = await enterChat(context, ADA)
        const dashboard = await openDashboard(context, '/events')
        await dashboard.subscribed('private-canyon-dashboard-payloads')

        await change(inventory)
        await ada.page.fill('#composer input', 'Seen by the dashboard')
        await ada.page.press('#composer input', 'Enter')
        await dashboard.sees('tr.event', 'inventory')
        const sent = dashboard.page.locator('tr.event', { hasText: 'MessageSent' }).first()
        await sent.waitFor()

        await sent.locator('button').focus()
        await dashboard.page.keyboard.press('Enter')
        await dashboard.sees('tr.payload .code', '"body": "Seen by the dashboard"')
        await dashboard.page.keyboard.press('Enter')
        await dashboard.seesNo('tr.payload')

        await dashboard.page.fill('.search input', 'ROOM.LOBBY')
        await dashboard.seesNo('tr.event', 'inventory')
        await dashboard.page.fill('.filter', 'message')
        assert.equal(await dashboard.page.evaluate(() => window.location.search), '?channel=ROOM.LOBBY&event=message')
        await dashboard.page.fill('.filter', 'nothing')
        await dashboard.sees('.empty', 'No event is like this.')
        await dashboard.page.fill('.filter', '')
        await dashboard.page.fill('.search input', '')

        // A whisper comes from a client.
        await dashboard.page.click('.choice button:text-is("Clients")')
        await ada.page.locator('#composer input').pressSequentially('typing')
        await dashboard.sees('tr.event', 'client-typing')
        await dashboard.page.click('.choice button:text-is("All")')

        await dashboard.page.click('button:text("Pause")')
        const shown = await dashboard.page.locator('tr.event').count()
        await change(inventory, 4)
        await dashboard.sees('.card header', /Paused; [1-9]\d* events? since/)
        assert.equal(await dashboard.page.locator('tr.event').count(), shown)
        await dashboard.page.click('button:text("Go on")')
        await until('what was missed', async () => (await dashboard.page.locator('tr.event').count()) > shown)
    },

    async 'where payloads are off, the page does not ask for them and says why'(context) {
        const inventory = await openInventory(context)
        const dashboard = await openToldOtherwise(context, '/events', { payloads: false })
        await dashboard.sees('.pill[data-state="live"]', 'Live')

        await change(inventory)
        await dashboard.page.locator('tr.event', { hasText: 'ItemUpdated' }).first().locator('button').click()

        await dashboard.sees('tr.payload', 'Payloads are switched off in this environment.')
        await dashboard.sees('tr.payload code', 'CANYON_DASHBOARD_PAYLOADS=true')
        assert.ok(await dashboard.page.locator('.switch').isDisabled())
        assert.deepEqual(dashboard.received('canyon.payloads'), [])
    },

    async 'what is refused comes with its reason and what to do'(context) {
        const dashboard = await openDashboard(context, '/refusals')
        const inventory = await openInventory(context)

        await subscribeBadly(inventory, 'private-payroll', `KEY:${'0'.repeat(64)}`)
        for (let time = 0; time < 2; time++) await subscribeBadly(inventory, 'private-bonus', 'nonsense')

        const entry = '.refusal:has(code:text-is("private-payroll"))'
        await dashboard.sees(`${entry} .why`, 'Invalid signature')
        await dashboard.sees(`${entry} .advice`, 'CANYON_APP_SECRET')
        await dashboard.sees('.refusal:has(code:text-is("private-bonus")) .times', '2 times')

        await dashboard.page.fill('.search input', 'payroll')
        await dashboard.sees(entry)
        await dashboard.page.fill('.search input', 'nothing like it')
        await dashboard.sees('.empty', 'No refusal is like this.')

        // Kept by the server: another page knows of it, too.
        const other = await openDashboard(context, '/refusals')
        await other.sees(`${entry} .why`, 'Invalid signature')
    },

    async 'an event is sent as it is written, and mistakes are told where they are'(context) {
        const inventory = await openInventory(context)
        const dashboard = await openDashboard(context, '/send')

        await dashboard.page.fill('#data', '{"a": }')
        await dashboard.sees('#data-note', 'This is not JSON')
        assert.ok(await dashboard.page.locator('button[type="submit"]').isDisabled())
        await dashboard.page.fill('#data', '{"from": "the dashboard", "empty": {}}')
        await dashboard.page.click('button[type="submit"]')
        await dashboard.sees('#channel-note', 'The name of a channel')
        await dashboard.sees('#event-note', 'An event has a name')

        await dashboard.page.fill('#channel', 'inventory')
        await dashboard.page.fill('#event', 'greeting')
        await dashboard.page.press('#event', 'Enter')

        const frame = await inventory.frame('greeting')
        assert.deepEqual([frame.channel, frame.data], ['inventory', { from: 'the dashboard', empty: {} }])
        await dashboard.sees('.rows li', 'greeting on inventory, 1 subscription')
    },

    async 'the debugger sees what the chosen user may see'(context) {
        const grace = await enterChat(context, GRACE)
        const dashboard = await openDashboard(context, '/debugger')
        const { page } = dashboard
        const connect = async (user) => {
            await page.fill('#user', String(user))
            await page.click('button:text-is("Connect")')
        }
        const subscribe = async (channel) => {
            await page.fill('#channel', channel)
            await page.click('button:text-is("Subscribe")')
        }

        await connect(999)
        await dashboard.sees('#user-note', 'The guard [web] has no user with the ID [999].')

        await connect(ADA)
        await dashboard.sees('[data-cable="open"]', `Connected as user ${ADA}`)
        await subscribe(LOBBY)
        await dashboard.sees(`[data-channel="${LOBBY}"][data-state="subscribed"]`)
        // Ada is there for everybody, with the name that routes/channels.php gives her.
        await grace.sees(`#members [data-member="${ADA}"]`, 'Ada')
        await grace.page.fill('#composer input', 'Is that you, Ada?')
        await grace.page.press('#composer input', 'Enter')
        const frame = page.locator('.frame[data-way="in"]', { hasText: 'MessageSent' })
        await frame.locator('summary').click()
        await dashboard.sees('.frame .code', 'Is that you, Ada?')
        await page.click(`[data-channel="${LOBBY}"] button`)
        await grace.seesNo(`#members [data-member="${ADA}"]`)
        await page.click('button:text-is("Disconnect")')

        await connect(MALLORY)
        await dashboard.sees('[data-cable="open"]', `Connected as user ${MALLORY}`)
        await subscribe('presence-room.crew')
        await dashboard.sees('[data-channel="presence-room.crew"][data-state="refused"] .why', `403: [room.{room}] of routes/channels.php said no to the user [${MALLORY}].`)
        await subscribe('private-canyon-dashboard')
        await dashboard.sees('[data-channel="private-canyon-dashboard"][data-state="refused"] .why', 'belongs to the dashboard')
        await page.click('button:text-is("Disconnect")')

        await connect('')
        await dashboard.sees('[data-cable="open"]', 'Connected as a guest')
        await subscribe('inventory')
        await dashboard.sees('[data-channel="inventory"][data-state="subscribed"]')
        await subscribe(LOBBY)
        await dashboard.sees(`[data-channel="${LOBBY}"][data-state="refused"] .why`, 'Guests are let into public channels only')
    },

    async 'a browser that cannot reach the server still gets figures, and is told where it looks'(context) {
        // Nobody listens at port 9 of a machine like this.
        const window = await openToldOtherwise(context, '', { port: 9 })

        await window.sees('[data-notice="socket"]', 'ws://127.0.0.1:9')
        await window.sees('[data-notice="socket"] code', 'CANYON_DASHBOARD_WEBSOCKET')
        const label = () => window.page.locator('.plot').first().getAttribute('aria-label')
        assert.match(await label(), /^Connections, the last \d+ minutes: connections \d+ now/)
    },

    async 'the keyboard reaches everything, and one sees where it is'(context) {
        const dashboard = await openDashboard(context)
        const seen = []
        for (let step = 0; step < 14; step++) {
            await dashboard.page.keyboard.press('Tab')
            seen.push(await dashboard.page.evaluate(() => {
                const { activeElement: element } = document
                return { text: (element.getAttribute('aria-label') ?? element.textContent).trim(), outline: getComputedStyle(element).outlineStyle }
            }))
        }

        const texts = seen.map(({ text }) => text)
        for (const text of ['Skip to the page', 'Overview', 'Channels', 'Events', 'Refusals', 'Send', 'Debugger', 'Dark colours', '1 min', '10 min']) assert.ok(texts.includes(text), `${text} is not among ${texts}`)
        assert.deepEqual(seen.filter(({ outline }) => outline === 'none'), [])

        await dashboard.page.focus('nav a:text-is("Send")')
        await dashboard.page.keyboard.press('Enter')
        await dashboard.sees('h2', 'Send an event')
        assert.equal(await dashboard.page.title(), 'Send · Canyon')
    },

    async 'light and dark follow the system until one is chosen, which is remembered'(context) {
        const dashboard = await openDashboard(context)
        const { page } = dashboard
        const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
        await page.emulateMedia({ colorScheme: 'light' })
        const light = await paper()
        await page.emulateMedia({ colorScheme: 'dark' })
        await until('dark paper', async () => (await paper()) !== light)

        await page.click('button[aria-label="Light colours"]')
        assert.equal(await paper(), light)
        await page.reload()
        await dashboard.sees('button[aria-label="Dark colours"]')
        assert.equal(await paper(), light)
    },

    async 'when the server goes away the page says so, and comes back by itself'(context) {
        const { demo } = context
        const dashboard = await openDashboard(context)
        await until('some samples', () => dashboard.received('canyon.sample').length > 1)
        const { canyon } = demo.facts.pids
        process.kill(canyon, 'SIGKILL')

        await dashboard.sees('.pill[data-state="lost"]', 'Reconnecting')
        await dashboard.sees('[data-notice="server"]', 'The Canyon server has gone away.')
        await dashboard.sees('[data-notice="server"]', 'php artisan canyon:start')
        await until('another server', () => demo.facts.pids.canyon !== canyon, START_LIMIT)
        await dashboard.sees('.pill[data-state="live"]', 'Live')
        await dashboard.seesNo('[data-notice="server"]')

        const samples = dashboard.received('canyon.sample').length
        await until('samples of the new server', () => dashboard.received('canyon.sample').length > samples)
        const inventory = await openInventory(context)
        await inventory.connected()
        assert.equal(dashboard.loads, 1)
    },
}

const VIEWS = ['', 'channels', `channels?channel=${LOBBY}`, 'events', 'refusals', 'send', 'debugger']

/** Something to see on the view. */
async function fill(view, dashboard, inventory) {
    if (view === '') await dashboard.sees('.chart >> nth=7')
    if (view === 'refusals') {
        await subscribeBadly(inventory, 'private-payroll', `KEY:${'0'.repeat(64)}`)
        await dashboard.sees('.refusal')
    }
    if (view === 'events') {
        await change(inventory)
        await dashboard.page.locator('tr.event button').first().click()
    }
    if (view === 'debugger') {
        await dashboard.page.click('button:text-is("Connect")')
        await dashboard.sees('.frame >> nth=1')
    }
}

/** Every view in both themes, on a desk and on a phone: no wider than the window, and readable for everybody. */
export const looks = (shots) => Object.fromEntries(VIEWS.map((view) => [`/canyon/${view} fits, and axe finds nothing, light and dark, on a desk and on a phone`, async (context) => {
    const inventory = await openInventory(context)
    await enterChat(context, ADA)
    const dashboard = await openDashboard(context, `/${view}`)
    await fill(view, dashboard, inventory)

    for (const [size, viewport] of Object.entries(SIZES)) {
        await dashboard.page.setViewportSize(viewport)
        const width = await dashboard.page.evaluate(() => document.documentElement.scrollWidth)
        assert.ok(width <= viewport.width, `it is ${width} pixels wide in a window of ${viewport.width}`)
        for (const colorScheme of ['light', 'dark']) {
            await dashboard.page.emulateMedia({ colorScheme })
            await dashboard.sees(`button[aria-label="${colorScheme === 'light' ? 'Dark' : 'Light'} colours"]`)
            await dashboard.page.screenshot({ path: join(shots, `dashboard-${view.replace(/\?.*/, '-one') || 'overview'}-${size}-${colorScheme}.png`), animations: 'disabled' })
            assert.deepEqual(await violations(dashboard.page), [], `${size}, ${colorScheme}`)
        }
    }
}]))

/** What axe finds: WCAG 2.2 AA, contrast and labels among it. */
async function violations(page) {
    await page.evaluate(AXE)
    const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
    return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} (${node.failureSummary.replace(/\s+/g, ' ')})`))
}
