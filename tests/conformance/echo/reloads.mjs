// The stock Echo and pusher-js, in Node and in Chromium, while the server is reloaded again and again.

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { follow } from './pages/follow.mjs'
import { esbuild } from '../support/packages.mjs'
import { until } from '../../support/until.mjs'

const RELOADS = 5

/** Between two of them. */
const PAUSE = 250

/** Less often than clients may whisper. */
const WHISPER_EVERY = 25

const person = (id) => ({ user_id: id, user_info: { name: `Person ${id}` } })

/** The same in Node: every method returns a promise, as those of a page do. */
function inNode(context, server, names, id) {
    const { seen, ...methods } = follow(context.echo('main', { server, member: person(id) }), names)
    const asked = Object.entries(methods).map(([name, method]) => [name, async (...values) => method(...values)])
    return { who: `Node ${id}`, seen: async () => seen, ...Object.fromEntries(asked) }
}

/** A page of Chromium, in which Ada is signed in: person 31. */
async function inChromium({ apps, backend, browser, defer, name }, server, names) {
    const { outputFiles } = await esbuild.build({
        entryPoints: [fileURLToPath(new URL('pages/reloads.mjs', import.meta.url))],
        bundle: true, write: false, format: 'iife', logLevel: 'silent', nodePaths: [process.env.NODE_PATH],
    })
    const path = name('/reloads-')
    backend.serves('/reloads.js', 'text/javascript', outputFiles[0].text)
    backend.serves(path, 'text/html; charset=utf-8',
        '<!doctype html><meta name="csrf-token" content="token"><link rel="icon" href="data:,"><script src="/reloads.js"></script>')
    const window = await (await browser()).open(backend.url + path)
    defer(async () => {
        await window.close()
        assert.deepEqual(window.problems, [])
    })
    await window.page.evaluate(([where, what]) => globalThis.start(where, what),
        [{ key: apps.main.key, host: server.host, port: server.port }, names])
    const call = (method) => (value) => window.page.evaluate(([one, two]) => globalThis.followed[one](two), [method, value])
    return {
        who: 'Chromium',
        seen: () => window.page.evaluate(() => globalThis.followed.seen),
        ...Object.fromEntries(['socketId', 'state', 'whisper'].map((method) => [method, call(method)])),
    }
}

export default {
    async 'five reloads, and neither Node nor Chromium notices anything'(context) {
        const { api, apps, connect, name, serve } = context
        const server = await serve([apps.main])
        const names = { open: name('open-'), guarded: name('guarded-'), present: name('present-') }
        const channels = { open: names.open, guarded: `private-${names.guarded}`, present: `presence-${names.present}` }
        const followers = [...['1', '2', '3'].map((id) => inNode(context, server, names, id)), await inChromium(context, server, names)]
        const everybody = async (what, holds) => {
            for (const one of followers) await until(`${one.who}: ${what}`, async () => holds(await one.seen()))
        }
        await everybody('everybody to be there', ({ subscribed, here, joined }) => subscribed === 3 && here[0] + joined.length === 4)
        const before = await Promise.all(followers.map(async (one) => ({ id: await one.socketId(), joined: (await one.seen()).joined.length })))

        const whisperer = await connect('main', { server })
        const secret = await whisperer.subscribe(channels.guarded)
        const library = api('main', { server })
        let [published, whispered, isOver] = [0, 0, false]
        const publishing = (async () => {
            for (; !isOver; published++) {
                for (const channel of Object.values(channels)) await library.trigger(channel, 'numbered', { number: published })
            }
        })()
        const whispering = (async () => {
            for (; !isOver; whispered++) {
                assert.ok(secret.trigger('client-numbered', { number: whispered }))
                await sleep(WHISPER_EVERY)
            }
        })()
        for (let round = 0; round < RELOADS; round++) {
            await sleep(PAUSE)
            assert.match(await server.reload(), /^reloaded: 5 clients handed over/)
        }
        await sleep(PAUSE)
        isOver = true
        await Promise.all([publishing, whispering])
        assert.ok(published > 20 && whispered > 20, `${published} events and ${whispered} whispers`)

        const upTo = (count) => Array.from({ length: count }, (_, number) => number)
        await everybody('everything to come', ({ numbers, whispers }) =>
            Object.values(numbers).every((some) => some.length >= published) && whispers.length >= whispered)
        for (const [index, one] of followers.entries()) {
            const seen = await one.seen()
            assert.deepEqual(seen.numbers, { open: upTo(published), guarded: upTo(published), present: upTo(published) }, one.who)
            assert.deepEqual(seen.whispers, upTo(whispered), one.who)
            assert.deepEqual([seen.errors, seen.left, seen.here.length, seen.joined.length], [[], [], 1, before[index].joined], one.who)
            assert.deepEqual([await one.state(), seen.states.at(-1), await one.socketId()], ['connected', 'connected', before[index].id], one.who)
            assert.equal(seen.states.filter((state) => state === 'connected').length, 1, `${one.who}: ${seen.states}`)
        }
        assert.deepEqual([whisperer.states, whisperer.errors], [['connected'], []])

        // Everything works as before: whispers both ways, and who comes and goes.
        await followers[3].whisper(7001)
        for (const one of followers.slice(0, 3)) await until('the whisper of Chromium', async () => (await one.seen()).whispers.at(-1) === 7001)
        await followers[0].whisper(7002)
        await until('the whisper of Node', async () => (await followers[3].seen()).whispers.at(-1) === 7002)
        const late = await connect('main', { server, member: person('4') })
        await late.subscribe(channels.present)
        await everybody('the late one to come', ({ joined }) => joined.at(-1) === 'Person 4')
        late.close()
        await everybody('the late one to leave', ({ left }) => left.at(-1) === 'Person 4')
        return `${published * 3} events and ${whispered} whispers for each`
    },
}
