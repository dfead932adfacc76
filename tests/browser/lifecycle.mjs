import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'

import { Demo } from './demo.mjs'
import { until } from '../support/until.mjs'

const START_LIMIT = 60_000

export default {
    async 'after a kill -9 of the server, Echo reconnects by itself and nothing that was saved is missed'({ browser, demo }) {
        const inventory = await browser.open(demo.url)
        const chat = await browser.open(`${demo.url}/chat`)
        await chat.page.click('[data-sign-in="1"]')
        for (const window of [inventory, chat]) await window.connected()
        await inventory.subscribed('inventory')
        await chat.sees('#members [data-member="1"]')

        const before = demo.facts.pids.canyon
        const frames = [inventory.frames.length, chat.frames.length]
        process.kill(before, 'SIGKILL')
        await Promise.all([inventory, chat].map((window) => window.sees('#link[data-state="reconnecting"]', 'Reconnecting')))

        const saved = await inventory.page.evaluate(async () => {
            const token = document.querySelector('meta[name="csrf-token"]').content
            const response = await fetch('/items/2', {
                method: 'PATCH',
                headers: { Accept: 'application/json', 'Content-Type': 'application/json', 'X-CSRF-TOKEN': token },
                body: JSON.stringify({ name: 'Saved in the dark' }),
            })
            return response.ok
        })
        assert.ok(saved, 'Laravel must not fail because nobody listens')

        await until('another server', () => demo.facts.pids.canyon !== before, START_LIMIT)
        for (const window of [inventory, chat]) await window.connected()
        await until('what was missed', async () => (await inventory.page.inputValue('[data-item="2"] [name="name"]')) === 'Saved in the dark')

        // Both kinds of channel are subscribed again, and events flow in both directions.
        const subscribedAgain = (window, from, channel) => until(`${channel} again`, () => window.frames.slice(from)
            .some((frame) => frame.event === 'pusher_internal:subscription_succeeded' && frame.channel === channel))
        await subscribedAgain(inventory, frames[0], 'inventory')
        await subscribedAgain(chat, frames[1], 'presence-room.lobby')

        const other = await browser.open(demo.url)
        await other.connected()
        await other.page.click('[data-item="2"] [data-add="1"]')
        await inventory.frame('ItemUpdated', ({ data }) => data.item.id === 2)

        const grace = await browser.open(`${demo.url}/chat`)
        await grace.page.click('[data-sign-in="2"]')
        await chat.sees('#members [data-member="2"]')
        await grace.sees('#members [data-member="1"]')
        await grace.page.fill('#composer input', 'Are you back?')
        await grace.page.press('#composer input', 'Enter')
        await chat.sees('.line .body', 'Are you back?')
    },

    async 'Ctrl-C stops the demo and leaves no process and no file'({ browser, demo }) {
        const { home, queue, url } = demo.facts
        await browser.open(url)
        assert.ok(demo.processes().length >= 4, `demo, php-fpm with workers and the server run: ${demo.processes()}`)
        assert.ok(existsSync(home) && existsSync(queue))

        demo.interrupt()

        assert.equal(await demo.ended, 0, demo.output)
        assert.match(demo.output, /Stopped\.\n$/)
        assert.deepEqual(demo.processes(), [])
        assert.deepEqual([home, queue].filter(existsSync), [])
    },

    async 'SIGTERM while the demo is still starting leaves nothing either'() {
        const demo = new Demo()
        try {
            await until('the demo to start something', () => /Starting/.test(demo.output), START_LIMIT)
            demo.terminate()

            assert.equal(await demo.ended, 0, demo.output)
            assert.deepEqual(demo.processes(), [])
        } finally {
            await demo.kill()
        }
    },

    async 'a demo that cannot start says what to do'() {
        const demo = new Demo({ env: { CANYON_EXT84: '/nonexistent/libcanyon.so' } })
        try {
            assert.equal(await demo.ended, 1)
            assert.match(demo.output, /\/nonexistent\/libcanyon\.so does not exist; `make ext84` provides it/)
        } finally {
            await demo.kill()
        }
    },

    async 'a demo whose port is taken says so'() {
        const first = new Demo()
        let second
        try {
            await first.ready()
            second = new Demo({ args: ['--port', new URL(first.url).port] })

            assert.equal(await second.ended, 1)
            assert.match(second.output, /Port \d+ of 127\.0\.0\.1 is in use; choose another one/)
        } finally {
            await second?.kill()
            await first.kill()
        }
    },
}
