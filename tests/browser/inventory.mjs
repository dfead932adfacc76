import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { until } from '../support/until.mjs'

const row = (id) => `[data-item="${id}"]`

async function openTwo({ browser, demo }) {
    const windows = [await browser.open(demo.url), await browser.open(demo.url)]
    for (const window of windows) {
        await window.connected()
        await window.subscribed('inventory')
        await window.subscribed('journeys')
    }
    return windows
}

async function type(window, id, field, value) {
    const input = window.page.locator(`${row(id)} [name="${field}"]`)
    await input.fill(String(value))
    await input.press('Enter')
}

async function add(window, id, by) {
    await window.page.click(`${row(id)} [data-add="${by}"]`)
}

async function value(window, id, field) {
    return window.page.inputValue(`${row(id)} [name="${field}"]`)
}

async function shows(window, id, field, expected) {
    await until(`item ${id} to show ${expected}`, async () => (await value(window, id, field)) === String(expected))
}

/** Sets the stock and waits until both windows have it. */
async function stockIs([first, second], id, count) {
    await type(first, id, 'stock', count)
    await shows(first, id, 'stock', count)
    await shows(second, id, 'stock', count)
}

const alerts = (window, id) => window.received('stock.alert', 'inventory').filter(({ data }) => data.id === id)

export default {
    async 'the page runs the browser builds of npm as they are'({ browser, demo }) {
        const window = await browser.open(demo.url)
        const builds = { 'echo.iife.js': 'laravel-echo/dist/echo.iife.js', 'pusher.min.js': 'pusher-js/dist/web/pusher.min.js' }
        for (const [name, path] of Object.entries(builds)) {
            const response = await window.page.request.get(`${demo.url}/npm/${name}`)
            assert.deepEqual(await response.body(), readFileSync(join(process.env.NODE_PATH, path)))
            assert.equal(await window.page.locator(`script[src="/npm/${name}"]`).count(), 1)
        }
    },

    async 'an edit in one window appears in the other, without a reload'(context) {
        const [first, second] = await openTwo(context)

        await type(first, 1, 'name', 'Climbing rope, 80 m')
        await shows(second, 1, 'name', 'Climbing rope, 80 m')
        await second.sees(`${row(1)}.arrived`)
        await type(second, 1, 'stock', 31)
        await shows(first, 1, 'stock', 31)
        await second.frame('ItemUpdated', ({ data }) => data.item.stock === 31)

        assert.deepEqual([first.loads, second.loads], [1, 1])
        assert.equal(second.received('ItemUpdated', 'inventory').length, 2)
    },

    async 'two windows that press plus at the same time both count'(context) {
        const windows = await openTwo(context)
        await stockIs(windows, 2, 20)

        await Promise.all(windows.map(async (window) => {
            for (let press = 0; press < 5; press++) await add(window, 2, 1)
        }))

        for (const window of windows) await shows(window, 2, 'stock', 30)
    },

    async 'an update does not overwrite what somebody is typing'(context) {
        const windows = await openTwo(context)
        const [first, second] = windows

        await second.page.fill(`${row(6)} [name="name"]`, 'half a na')
        await type(first, 6, 'name', 'Tin mug')
        await second.frame('ItemUpdated', ({ data }) => data.item.name === 'Tin mug')
        await stockIs(windows, 6, 22)

        assert.equal(await value(second, 6, 'name'), 'half a na')
        await second.page.press(`${row(6)} [name="name"]`, 'Escape')
        assert.equal(await value(second, 6, 'name'), 'Tin mug')
    },

    async 'the stock alert warns at 10 and is critical at 5, once each'(context) {
        const windows = await openTwo(context)
        const [first, second] = windows
        await stockIs(windows, 4, 11)

        await add(first, 4, -1)
        for (const window of windows) {
            await window.sees('.toast[data-level="warning"]', 'Only 10 left')
            await window.sees(`${row(4)}[data-level="warning"] .badge`, 'Low')
        }
        await stockIs(windows, 4, 6)
        await add(second, 4, -1)
        for (const window of windows) {
            await window.sees('.toast[data-level="critical"][role="alert"]', 'Only 5 left')
            await window.sees(`${row(4)}[data-level="critical"] .badge`, 'Critical')
        }

        // Whatever came between the two alerts has arrived before this last update.
        await stockIs(windows, 4, 30)
        for (const window of windows) {
            assert.deepEqual(alerts(window, 4).map(({ data }) => [data.level, data.stock]), [['warning', 10], ['critical', 5]])
            await window.sees(`${row(4)}[data-level="fine"] .badge`, 'In stock')
        }
    },

    async 'the alert carries the data of broadcastWith and nothing else of the event'(context) {
        const windows = await openTwo(context)
        await stockIs(windows, 7, 14)
        await stockIs(windows, 7, 2)

        const [{ data }] = await until('the alert', () => alerts(windows[1], 7).length && alerts(windows[1], 7))
        assert.deepEqual(Object.keys(data).sort(), ['id', 'journey', 'level', 'name', 'stock'])
        assert.deepEqual([data.id, data.level, data.stock], [7, 'critical', 2])
    },

    async 'a page that an event reached says how it travelled'(context) {
        const [first, second] = await openTwo(context)
        await add(first, 3, 1)

        for (const window of [first, second]) {
            await window.sees('#journey [data-part="event"]', 'ItemUpdated on inventory')
            await window.sees('#journey [data-part="published"]', /^\d+(\.\d)? µs$/)
            await window.sees('#journey [data-part="received"]', /^\d+(\.\d)? ms$/)
        }
        const [{ data: event }] = second.received('ItemUpdated')
        const measured = await second.frame('JourneyMeasured', ({ data }) => data.id === event.journey.id)
        assert.ok(measured.data.micros > 0)
    },
}
