import assert from 'node:assert/strict'

import { until } from '../../support/until.mjs'

const refusals = (client, message) => client.errors.filter(({ error }) => error?.data?.code === 4100 && error.data.message === message)

export default {
    async 'over the connections of its address is told so, and comes in by itself when there is room'(context) {
        const server = await context.serve([context.apps.main], { max_connections_per_address: 1 })
        const here = await context.cable(server, { forwardedFor: '203.0.113.7' })
        const there = await context.cable(server, { forwardedFor: '203.0.113.8' })
        const first = await context.connect('main', { server: here })
        const second = context.open('main', { server: here })
        const channel = second.pusher.subscribe('news')
        // Again and again, with a second between.
        const pauses = []
        second.pusher.connection.bind('connecting_in', (seconds) => pauses.push(seconds))
        await until('two refusals', () => refusals(second, 'Too many connections from your address').length === 2)
        assert.deepEqual(new Set(pauses), new Set([1]))
        assert.ok(!second.states.includes('connected') && !second.states.includes('failed'), second.states.join())
        await context.connect('main', { server: there })

        first.close()
        await second.connected()
        await second.subscribed(channel)
        await context.api('main', { server }).trigger('news', 'update', { number: 1 })
        assert.deepEqual((await second.message('update')).data, { number: 1 })
    },

    async 'that sends far too much is closed, and comes back to its channels'(context) {
        const server = await context.serve([context.apps.main], { max_frames_per_second: 20 })
        const client = await context.connect('main', { server })
        const channel = await client.subscribe('news')
        const before = client.socketId
        for (let number = 0; number < 2000; number++) client.pusher.send_event('pusher:ping', {})
        await until('the refusal', () => refusals(client, 'Too many messages in a short time').length === 1)
        await until('another connection', () => client.pusher.connection.state === 'connected' && client.socketId !== before)
        await client.subscribed(channel)
        await context.api('main', { server }).trigger('news', 'update', {})
        await client.message('update')
    },

    async 'over the subscriptions of a connection goes on with those it has'(context) {
        const app = { ...context.apps.main, settings: { max_subscriptions_per_connection: 1 } }
        const server = await context.serve([app])
        const client = await context.connect('main', { server })
        await client.subscribe('news')
        const refused = client.pusher.subscribe('more')
        let refusal
        refused.bind('pusher:subscription_error', (error) => { refusal = error })
        await until('the refusal', () => refusal)
        assert.match(refusal.error, /a connection can have 1 subscriptions/)
        await context.api('main', { server }).trigger('news', 'update', {})
        await client.message('update')
        client.pusher.unsubscribe('news')
        await client.subscribe('later')
    },
}
