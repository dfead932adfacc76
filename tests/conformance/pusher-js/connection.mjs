import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'

import { until } from '../../support/until.mjs'

/** pusher-js gave up: it is disconnected and has nothing planned. */
async function gaveUp(client) {
    await until('pusher-js to give up', () => client.pusher.connection.state === 'disconnected')
    const { retryTimer, unavailableTimer } = client.pusher.connection
    assert.deepEqual([retryTimer, unavailableTimer].map((timer) => Boolean(timer?.isRunning())), [false, false])
    assert.ok(!client.states.includes('connected'), client.states.join())
}

const codes = (client) => client.errors.map((one) => one.error?.data?.code ?? one.data?.code)

/** The error event and the close frame of a connection that is refused. */
async function refused(raw) {
    const { event, data } = JSON.parse(await raw.text())
    const { code, reason } = await raw.closed()
    assert.equal(event, 'pusher:error')
    assert.deepEqual({ code, message: reason }, data)
    return code
}

export default {
    async 'is greeted with a socket id and the activity timeout'({ connect }) {
        const client = await connect('main')
        assert.match(client.socketId, /^\d+\.\d+$/)
        assert.equal(client.pusher.connection.activityTimeout, 50_000)
        assert.deepEqual(client.states, ['connected'])
    },

    async 'takes the activity timeout of the app'({ connect }) {
        const client = await connect('brief')
        assert.equal(client.pusher.connection.activityTimeout, 1000)
    },

    async 'gives every connection its own socket id'({ connect }) {
        const clients = await Promise.all(Array.from({ length: 20 }, () => connect('main')))
        assert.equal(new Set(clients.map(({ socketId }) => socketId)).size, 20)
    },

    async 'gives up on an unknown key with 4001'(context) {
        context.apps.nobody ??= { id: '1', key: 'nobodys-key', secret: 'x', settings: {} }
        const client = context.open('nobody')
        await gaveUp(client)
        assert.deepEqual(codes(client), [4001])
    },

    async 'answers the pings of a silent client, whose connection lives'({ connect }) {
        const client = await connect('main', { activityTimeout: 200, pongTimeout: 5000 })
        await until('three pongs', () => client.received('pusher:pong').length >= 3)
        assert.deepEqual(client.states, ['connected'])
    },

    async 'stays connected through several activity timeouts of the server'({ connect, api, name }) {
        const client = await connect('brief')
        const channel = await client.subscribe(name('quiet-'))
        await until('three pongs', () => client.received('pusher:pong').length >= 3)
        await api('brief').trigger(channel.name, 'still-there', 1)
        await client.message('still-there')
        assert.deepEqual(client.states, ['connected'])
    },

    async 'is pinged by the server if it stays silent, and its pong is enough'(context) {
        // A client that would not speak for two minutes of its own accord.
        const client = await context.connect('brief')
        client.pusher.connection.activityTimeout = 120_000
        client.pusher.connection.resetActivityCheck()
        const raw = await context.raw('brief', { autoPong: false })
        const { code } = await raw.closed()
        assert.equal(code, 4201, 'one that answers nothing is closed')
        assert.deepEqual(client.states, ['connected'])
    },

    async 'reconnects and subscribes again after the server was restarted, or killed'(context) {
        // At once: pusher-js waits fifteen seconds after its first attempt.
        await Promise.all([returns(context, 'SIGTERM', 0), returns(context, 'SIGKILL', 'SIGKILL'), missesNothing(context)])
    },

    async 'is told to come back when the server stops'(context) {
        const server = await context.serve([context.apps.main])
        const raw = await context.raw('main', { server })
        assert.equal(await server.end(), 0)
        assert.equal((await raw.closed()).code, 4200)
    },

    async 'connects through a path prefix'(context) {
        const server = await context.serve([context.apps.main], { path_prefix: '/ws/canyon' })
        const client = await context.connect('main', { server, wsPath: '/ws/canyon' })
        const channel = await client.subscribe('behind-a-prefix')

        const without = context.open('main', { server })
        await gaveUp(without)
        assert.deepEqual(codes(without), [4005])

        const { status, body } = await context.signedUnder('/ws/canyon', server, 'main', 'POST', '/events', {
            name: 'hello', channels: [channel.name], data: '"you"',
        })
        assert.deepEqual([status, body], [200, '{}'])
        assert.equal((await client.message('hello')).data, 'you')
    },

    async 'is refused with 4004 while the app is full, and let in later'(context) {
        const first = await context.connect('single')
        const second = context.open('single')
        await gaveUp(second)
        assert.deepEqual(codes(second), [4004])
        first.close()
        await until('a place', async () => {
            const third = context.open('single')
            await until('an answer', () => ['connected', 'disconnected'].includes(third.pusher.connection.state))
            return third.pusher.connection.state === 'connected'
        })
    },

    async 'is refused with 4009 from a page of another origin'(context) {
        for (const origin of ['https://example.com', 'https://a.example.org', 'https://a.b.example.org:8443']) {
            await context.raw('homely', { origin })
        }
        for (const origin of ['http://example.com', 'https://example.com.evil.net', 'https://example.org', 'https://notexample.org', undefined]) {
            assert.equal(await refused(context.dial('homely', { origin })), 4009, origin)
        }
        const client = context.open('homely')
        await gaveUp(client)
        assert.deepEqual(codes(client), [4009])
    },

    async 'is refused with 4003 by an app that is switched off'(context) {
        const client = context.open('disabled')
        await gaveUp(client)
        assert.deepEqual(codes(client), [4003])
    },

    async 'is refused with 4000 by an app that wants TLS, unless a proxy on this host took care of it'(context) {
        assert.equal(await refused(context.dial('secure')), 4000)
        await context.raw('secure', { headers: { 'X-Forwarded-Proto': 'https' } })
    },

    async 'may speak the protocol from 4 to 7, or not say which'(context) {
        for (const protocol of ['4', '5', '6', '7']) {
            await context.raw('main', { query: `protocol=${protocol}&client=java-client&version=2.4.4` })
        }
        await context.raw('main', { query: '' })
        await context.raw('main', { query: 'protocol=7&client=js&version=8.6.0&flash=false&unknown=%20' })
    },

    async 'is refused with 4006 and 4007 for another protocol'(context) {
        for (const protocol of ['0', '1', '2', '3', '8', '70']) {
            assert.equal(await refused(context.dial('main', { query: `protocol=${protocol}` })), 4007, protocol)
        }
        for (const protocol of ['seven', '', '7.0', '-7']) {
            assert.equal(await refused(context.dial('main', { query: `protocol=${protocol}` })), 4006, protocol)
        }
    },

    async 'is refused with 4005 under another path'(context) {
        for (const path of ['/', '/app', `/application/${context.apps.main.key}`]) {
            const raw = context.dial('main', { path })
            assert.equal(await refused(raw), 4005, path)
        }
    },

    async 'is refused with 4001 rather than 4007 if key and protocol are wrong'(context) {
        assert.equal(await refused(context.dial('main', { path: '/app/nobodys-key?protocol=1' })), 4001)
    },
}

/** What is published while the server is dead waits for the client, and everything else behind it. */
async function missesNothing(context) {
    const server = await context.serve([context.apps.main], { start_hold: 20, max_age: 60 })
    const client = await context.connect('main', { server })
    const channel = await client.subscribe('news')
    const got = []
    channel.bind('update', (number) => got.push(number))
    const publish = (number) => execFileSync(process.env.CANYON_BIN, [
        'publish', '--queue', server.queue, '--app', context.apps.main.id, '--channel', 'news', '--event', 'update', '--data', String(number),
    ])

    publish(1)
    await until('the first update', () => got.length === 1)
    await server.end('SIGKILL')
    publish(2)
    await server.launch()
    publish(3)
    await context.api('main', { server }).trigger('news', 'update', 4)
    publish(5)
    await until('all updates', () => got.length === 5, 40_000)
    assert.deepEqual(got, [1, 2, 3, 4, 5])
}

async function returns(context, signal, result) {
    const server = await context.serve([context.apps.main])
    const client = await context.connect('main', { server, member: { user_id: '7' } })
    const channels = [await client.subscribe('news'), await client.subscribe('private-news'), await client.subscribe('presence-news')]
    const before = client.socketId
    let count = 0
    for (const channel of channels) channel.bind('update', () => count++)

    assert.equal(await server.end(signal), result)
    await until('pusher-js to notice', () => client.pusher.connection.state !== 'connected')
    await server.launch()
    await until('pusher-js to return', () => client.pusher.connection.state === 'connected', 30_000)
    assert.notEqual(client.socketId, before)
    for (const channel of channels) await client.subscribed(channel)

    await context.api('main', { server }).trigger(channels.map(({ name }) => name), 'update', {})
    await until('three updates', () => count === 3)
    assert.equal(client.pusher.channel('presence-news').members.count, 1)
}
