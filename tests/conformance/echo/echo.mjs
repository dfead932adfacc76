// Laravel Echo 2 with the broadcaster `reverb`, as every Laravel application uses it.

import assert from 'node:assert/strict'

import { until, within } from '../../support/until.mjs'

const NOTIFICATION = 'Illuminate\\Notifications\\Events\\BroadcastNotificationCreated'
const ada = { user_id: 31, user_info: { id: 31, name: 'Ada' } }
const bob = { user_id: 32, user_info: { id: 32, name: 'Bob' } }

/** Waits until the channel is subscribed and returns it. */
async function ready(channel) {
    if (!channel.subscription.subscribed) {
        await within(`${channel.name}`, new Promise((resolve, reject) => channel.subscribed(resolve).error((error) => reject(new Error(JSON.stringify(error))))))
    }
    return channel
}

/** A function that remembers what it was called with; pusher-js adds metadata as a second argument. */
function recorder() {
    const calls = []
    return Object.assign((value) => { calls.push(value) }, { calls })
}

/** Something that arrives after everything sent before to the channel. */
async function fence({ api }, channel) {
    const arrived = recorder()
    channel.listen('.fence', arrived)
    await api().trigger(channel.name, 'fence', {})
    await until('the fence', () => arrived.calls.length)
    channel.stopListening('.fence', arrived)
}

export default {
    async 'channel, listen: events of Laravel by their short name, any event by a dot'(context) {
        const channel = await ready(context.echo().channel(context.name('orders-')))
        const [short, full, named] = [recorder(), recorder(), recorder()]
        channel.listen('OrderShipped', short).listen('\\App\\Other\\Thing', full).listen('.order.shipped', named)
        await context.api().trigger(channel.name, 'App\\Events\\OrderShipped', { id: 1 })
        await context.api().trigger(channel.name, 'App\\Other\\Thing', { id: 2 })
        await context.api().trigger(channel.name, 'order.shipped', { id: 3 })
        await fence(context, channel)
        assert.deepEqual([short, full, named].map(({ calls }) => calls), [[{ id: 1 }], [{ id: 2 }], [{ id: 3 }]])
    },

    async 'listenToAll hears what the application sends'(context) {
        const channel = await ready(context.echo().channel(context.name('all-')))
        const all = recorder()
        channel.listenToAll((event, data) => all([event, data]))
        await context.api().trigger(channel.name, 'App\\Events\\OrderShipped', { id: 1 })
        await context.api().trigger(channel.name, 'custom', { id: 2 })
        await until('both', () => all.calls.length === 2)
        assert.deepEqual(all.calls, [['OrderShipped', { id: 1 }], ['.custom', { id: 2 }]])
    },

    async 'stopListening for one callback or for all'(context) {
        const channel = await ready(context.echo().channel(context.name('stop-')))
        const [one, two] = [recorder(), recorder()]
        channel.listen('.news', one).listen('.news', two)
        await context.api().trigger(channel.name, 'news', 1)
        await until('both', () => one.calls.length && two.calls.length)
        channel.stopListening('.news', one)
        await context.api().trigger(channel.name, 'news', 2)
        await until('the second', () => two.calls.length === 2)
        channel.stopListening('.news')
        await context.api().trigger(channel.name, 'news', 3)
        await fence(context, channel)
        assert.deepEqual([one.calls, two.calls], [[1], [1, 2]])
    },

    async 'private: authorized by the application'(context) {
        const echo = context.echo()
        const channel = await ready(echo.private(context.name('orders-')))
        const events = recorder()
        channel.listen('OrderShipped', events)
        await context.api().trigger(channel.name, 'App\\Events\\OrderShipped', { id: 1 })
        await until('the event', () => events.calls.length)
        assert.deepEqual(context.backend.authorizations.at(-1).fields, { socket_id: echo.socketId(), channel_name: channel.name })
    },

    async 'private: refused by the application'(context) {
        const failed = recorder()
        const echo = context.echo('main', { refuse: true })
        echo.private(context.name('orders-')).error(failed)
        await until('the error', () => failed.calls.length)
        assert.equal(failed.calls[0].status, 403)
        await ready(echo.channel(context.name('open-')))
    },

    async 'private: refused by the server, which Echo hears as an error too'(context) {
        const failed = recorder()
        const customHandler = ({ channelName }, callback) => callback(null, context.api().authorizeChannel('1.1', channelName))
        const echo = context.echo('main', { channelAuthorization: { customHandler } })
        echo.private(context.name('orders-')).error(failed)
        await until('the error', () => failed.calls.length)
        await ready(echo.channel(context.name('open-')))
    },

    async 'encryptedPrivate: decrypted in the page'(context) {
        const channel = await ready(context.echo().encryptedPrivate(context.name('secrets-')))
        assert.match(channel.name, /^private-encrypted-secrets-/)
        const events = recorder()
        channel.listen('Told', events)
        await context.api().trigger(channel.name, 'App\\Events\\Told', { secret: 'x' })
        await until('the event', () => events.calls.length)
        assert.deepEqual(events.calls, [{ secret: 'x' }])
    },

    async 'join: here, joining and leaving'(context) {
        const name = context.name('room-')
        const [here, joining, leaving] = [recorder(), recorder(), recorder()]
        const room = context.echo('main', { member: ada }).join(name).here(here).joining(joining).leaving(leaving)
        await ready(room)
        assert.deepEqual(here.calls, [[ada.user_info]])

        const other = context.echo('main', { member: bob })
        const otherHere = recorder()
        await ready(other.join(name).here(otherHere))
        assert.deepEqual(otherHere.calls[0].sort((a, b) => a.id - b.id), [ada.user_info, bob.user_info])
        await until('joining', () => joining.calls.length)
        other.leave(name)
        await until('leaving', () => leaving.calls.length)
        assert.deepEqual([joining.calls, leaving.calls], [[bob.user_info], [bob.user_info]])
    },

    async 'whisper and listenForWhisper, on private and presence channels'(context) {
        for (const kind of ['private', 'join']) {
            const name = context.name('typing-')
            const [sender, receiver] = [context.echo('main', { member: ada }), context.echo('main', { member: bob })]
            const [from, to] = [await ready(sender[kind](name)), await ready(receiver[kind](name))]
            const [own, heard] = [recorder(), recorder()]
            from.listenForWhisper('typing', own)
            to.listenForWhisper('typing', heard)
            from.whisper('typing', { name: 'Ada', empty: {} })
            await until('the whisper', () => heard.calls.length)
            to.stopListeningForWhisper('typing')
            from.whisper('typing', {}).whisper('done', {})
            const done = recorder()
            to.listenForWhisper('done', done)
            await until('the last whisper', () => done.calls.length)
            await fence(context, from)
            assert.deepEqual([heard.calls, own.calls], [[{ name: 'Ada', empty: {} }], []], kind)
        }
    },

    async 'notification: on the private channel of a model'(context) {
        const channel = await ready(context.echo().private(context.name('App.Models.User.')))
        const [first, second] = [recorder(), recorder()]
        channel.notification(first).notification(second)
        const notification = { id: 'c0ffee', type: 'App\\Notifications\\InvoicePaid', amount: 7 }
        await context.api().trigger(channel.name, NOTIFICATION, notification)
        await until('the notification', () => second.calls.length)
        channel.stopListeningForNotification(first)
        await context.api().trigger(channel.name, NOTIFICATION, notification)
        await until('another', () => second.calls.length === 2)
        assert.deepEqual([first.calls, second.calls], [[notification], [notification, notification]])
    },

    async 'leaveChannel leaves one, leave leaves all of the name'(context) {
        const echo = context.echo('main', { member: ada })
        const name = context.name('left-')
        const channels = [echo.channel(name), echo.private(name), echo.encryptedPrivate(name), echo.join(name)]
        for (const channel of channels) await ready(channel)
        const messages = []
        echo.connector.pusher.connection.bind('message', (message) => messages.push(message))
        const names = channels.map((channel) => channel.name)
        const reached = async (event) => {
            const late = await ready(echo.channel(context.name('fence-')))
            for (const one of names) await context.api().trigger(one, event, {})
            await fence(context, late)
            return messages.filter((message) => message.event === event).map(({ channel }) => channel)
        }
        echo.leaveChannel(`private-${name}`)
        assert.deepEqual(await reached('first'), names.filter((one) => one !== `private-${name}`))
        echo.leave(name)
        assert.deepEqual(await reached('second'), [])
    },

    async 'socketId as header X-Socket-ID keeps an event from its sender'(context) {
        const name = context.name('toothers-')
        const [sender, other] = [context.echo(), context.echo()]
        const [mine, theirs] = [await ready(sender.channel(name)), await ready(other.channel(name))]
        const [own, heard] = [recorder(), recorder()]
        mine.listen('Saved', own)
        theirs.listen('Saved', heard)
        await context.api().trigger(name, 'App\\Events\\Saved', {}, { socket_id: sender.socketId() })
        await until('the other', () => heard.calls.length)
        await fence(context, mine)
        assert.deepEqual(own.calls, [])
    },

    async 'the status of the connection'(context) {
        const server = await context.serve([context.apps.main])
        const echo = context.echo('main', { server })
        const states = []
        echo.connector.onConnectionChange((status) => { if (states.at(-1) !== status) states.push(status) })
        await until('to connect', () => echo.connectionStatus() === 'connected')
        assert.equal(await server.end(), 0)
        await until('to notice', () => echo.connectionStatus() !== 'connected')
        assert.equal(states[0], 'connected')
    },

    async 'sign-in, and events to the user'(context) {
        const echo = context.echo('main', { user: { id: context.name('echo-user') } })
        await until('to connect', () => echo.connectionStatus() === 'connected')
        echo.connector.signin()
        const { user } = echo.connector.pusher
        const received = recorder()
        user.bind('Greeting', received)
        await until('the channel of the user', () => user.serverToUserChannel?.subscribed)
        await context.api().sendToUser(user.user_data.id, 'Greeting', { a: 1 })
        await until('the greeting', () => received.calls.length)
        assert.deepEqual(received.calls, [{ a: 1 }])
    },
}
