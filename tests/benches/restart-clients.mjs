// Some of the clients of restart.mjs: pusher-js as it is, told nothing but where the server is.

import { PusherClient } from '../conformance/support/packages.mjs'

const [port, count] = process.argv.slice(2).map(Number)

const clients = Array.from({ length: count }, () => {
    const pusher = new PusherClient('key', { cluster: '', wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws', 'wss'] })
    const client = { got: [], back: null }
    const channel = pusher.subscribe('ticks')
    channel.bind('tick', (n) => client.got.push(Number(n)))
    client.subscribed = new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve))
    channel.bind('pusher:subscription_succeeded', () => { client.back = Date.now() })
    return client
})
await Promise.all(clients.map(({ subscribed }) => subscribed))
process.send('subscribed')

process.once('message', (published) => {
    process.send(clients.map(({ got, back }) => {
        const distinct = new Set(got)
        return { lost: published - distinct.size, twice: got.length - distinct.size, back }
    }))
})
