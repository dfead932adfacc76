// php/resources/js/batched-auth.js with the real pusher-js and Laravel Echo.

import assert from 'node:assert/strict'

import { batchedAuthorizer, batchedChannelAuthorization } from '../../../php/resources/js/batched-auth.js'
import { until } from '../../support/until.mjs'
import { Echo, PusherClient } from '../support/packages.mjs'

const MEMBER = { user_id: 31, user_info: { name: 'Ada' } }

/** Echo as an application makes it, which asks in batches. */
function openEcho(context, { batches, ...more } = {}) {
    const { channelAuthorization, userAuthentication, ...options } = context.options('main')
    const echo = new Echo({
        broadcaster: 'reverb',
        key: context.apps.main.key,
        Pusher: PusherClient,
        ...options,
        authEndpoint: channelAuthorization.endpoint,
        userAuthentication: { ...userAuthentication, headers: {} },
        auth: { headers: {}, params: { member: JSON.stringify(MEMBER) } },
        authorizer: batchedAuthorizer(batches),
        ...more,
    })
    context.defer(() => echo.disconnect())
    return echo
}

/** The channels of each request for authorization that a socket has sent. */
function requests({ backend }, socketId) {
    return backend.authorizations.filter(({ fields }) => fields.socket_id === socketId)
}

function outcome(channel) {
    const told = { subscribed: 0, errors: [] }
    channel.subscribed(() => { told.subscribed++ }).error((error) => { told.errors.push(error) })
    return told
}

const settled = (outcomes) => until('every channel to be told', () => outcomes.every(({ subscribed, errors }) => subscribed + errors.length))

export default {
    async 'forty channels of a page are one request, and a forbidden one hears it alone'(context) {
        const echo = openEcho(context, { bearerToken: 'the token', csrfToken: 'the csrf token' })
        const names = Array.from({ length: 40 }, (_, index) => context.name(index === 7 ? 'forbidden-' : 'batched-'))
        const channels = names.map((name, index) => (index % 2 ? echo.private(name) : echo.join(name)))
        const outcomes = channels.map(outcome)
        await settled(outcomes)

        outcomes.forEach(({ subscribed, errors }, index) => assert.deepEqual(
            [subscribed, errors],
            index === 7 ? [0, [{ type: 'AuthError', error: 'Forbidden', status: 403 }]] : [1, []],
        ))
        const sent = requests(context, echo.socketId())
        assert.deepEqual(sent.map(({ channels }) => channels), [channels.map(({ name }) => name)])
        assert.match(sent[0].url, /\/channel\/batch$/)
        assert.equal(sent[0].headers.authorization, 'Bearer the token')
        assert.equal(sent[0].headers['x-csrf-token'], 'the csrf token')
        assert.equal(sent[0].headers.accept, 'application/json')

        const events = []
        channels[39].listen('OrderShipped', (event) => events.push(event))
        await context.api().trigger(channels[39].name, 'App\\Events\\OrderShipped', { id: 1 })
        await until('the event', () => events.length)
    },

    async 'after a lost connection they are one request again'(context) {
        const cable = await context.cable()
        const echo = openEcho(context, { wsPort: cable.port })
        const outcomes = ['a-', 'b-', 'c-'].map((prefix) => outcome(echo.private(context.name(prefix))))
        await settled(outcomes)
        const first = echo.socketId()
        cable.cut()
        await until('all of them again', () => outcomes.every(({ subscribed }) => subscribed === 2))
        assert.notEqual(echo.socketId(), first)
        assert.deepEqual(requests(context, echo.socketId()).map(({ channels }) => channels.length), [3])
    },

    async 'channels that come later are asked for together, and no channel twice'(context) {
        const echo = openEcho(context)
        await settled([outcome(echo.private(context.name('early-')))])
        const name = context.name('late-')
        const late = [echo.private(name), echo.join(context.name('late-'))].map(outcome)
        echo.leaveChannel(`private-${name}`)
        late.push(outcome(echo.private(name)))
        await settled(late.slice(1))
        assert.deepEqual(requests(context, echo.socketId()).map(({ channels }) => channels.length), [1, 2])
    },

    async 'more than the limit are several requests'(context) {
        const echo = openEcho(context, { batches: { limit: 3 } })
        await settled(Array.from({ length: 7 }, () => outcome(echo.private(context.name('many-')))))
        assert.deepEqual(requests(context, echo.socketId()).map(({ channels }) => channels.length), [3, 3, 1])
    },

    async 'a request that is refused is told to each channel, with its status'(context) {
        const echo = openEcho(context, { batches: { params: () => ({ refuse: '401' }) } })
        const outcomes = ['a-', 'b-'].map((prefix) => outcome(echo.private(context.name(prefix))))
        await settled(outcomes)
        for (const { errors: [error] } of outcomes) {
            assert.deepEqual([error.type, error.status], ['AuthError', 401])
            assert.match(error.error, /2 channel\(s\) from http.*\/batch: the status is 401/)
        }
    },

    async 'an application that cannot be reached is told to each channel'(context) {
        const echo = openEcho(context, { batches: { endpoint: 'http://127.0.0.1:1/batch' } })
        const told = outcome(echo.private(context.name('nowhere-')))
        await settled([told])
        assert.match(told.errors[0].error, /from http:\/\/127\.0\.0\.1:1\/batch: fetch failed/)
        assert.ok(!('status' in told.errors[0]))
    },

    async 'a channel that the answer leaves out is told so'(context) {
        const echo = openEcho(context)
        const outcomes = [outcome(echo.private(context.name('forgotten-'))), outcome(echo.private(context.name('known-')))]
        await settled(outcomes)
        assert.equal(outcomes[0].errors[0].error, 'The answer does not tell of this channel')
        assert.deepEqual(outcomes[1], { subscribed: 1, errors: [] })
    },

    async 'a callback that throws costs no other channel'(context) {
        const echo = openEcho(context)
        const thrown = new Promise((resolve) => process.once('uncaughtException', resolve))
        echo.private(context.name('forbidden-')).error(() => { throw new Error('thrown on purpose') })
        const told = outcome(echo.private(context.name('next-')))
        await settled([told])
        assert.equal((await thrown).message, 'thrown on purpose')
        assert.equal(told.subscribed, 1)
    },

    async 'pusher-js without Echo asks in batches through its customHandler'(context) {
        const endpoint = `${context.options('main').channelAuthorization.endpoint}/batch`
        const channelAuthorization = batchedChannelAuthorization({
            endpoint,
            headers: () => ({ Authorization: 'Bearer fresh' }),
            params: { member: JSON.stringify(MEMBER) },
        })
        const client = context.open('main', { channelAuthorization })
        const names = [context.name('private-'), context.name('presence-'), context.name('private-forbidden-')]
        const [first, second, forbidden] = names.map((name) => client.pusher.subscribe(name))
        const refused = new Promise((resolve) => forbidden.bind('pusher:subscription_error', resolve))
        await client.subscribed(first)
        await client.subscribed(second)
        assert.equal((await refused).error, 'Forbidden')
        const sent = requests(context, client.socketId)
        assert.deepEqual(sent.map(({ channels }) => channels), [names])
        assert.equal(sent[0].headers.authorization, 'Bearer fresh')
    },
}
