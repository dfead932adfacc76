// A page's pusher-js: subscribes to the channels named, and asks for authorization on standard output.
//
//   subscriber.mjs PORT KEY CHANNEL...
//
// Writes lines of JSON: {authorize: {socket_id, channel_name}}, whose answer it reads as a line, {subscribed}, {refused},
// and for each event {event, channel, data}. Ends with its standard input, or after 30 seconds.

import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const require = createRequire(`${process.env.NODE_PATH}/`)
const Pusher = require('pusher-js')

const [port, key, ...channels] = process.argv.slice(2)
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const waiting = []

createInterface({ input: process.stdin })
    .on('line', (line) => waiting.shift()(null, JSON.parse(line)))
    .on('close', () => process.exit())
setTimeout(() => process.exit(1), 30_000)

const pusher = new Pusher(key, {
    cluster: '', wsHost: '127.0.0.1', wsPort: Number(port), forceTLS: false, enabledTransports: ['ws'], disableStats: true,
    channelAuthorization: {
        customHandler({ socketId, channelName }, callback) {
            waiting.push(callback)
            tell({ authorize: { socket_id: socketId, channel_name: channelName } })
        },
    },
})

for (const name of channels) {
    pusher.subscribe(name)
        .bind('pusher:subscription_succeeded', () => tell({ subscribed: name }))
        .bind('pusher:subscription_error', (error) => tell({ refused: name, error }))
        .bind_global((event, data) => event.startsWith('pusher:') || tell({ event, channel: name, data }))
}
