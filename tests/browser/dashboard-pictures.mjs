// The README's pictures of the dashboard: the demo at work for some minutes, with a crowd that listens and people who chat.
//
//   node tests/browser/dashboard-pictures.mjs [--seconds 310] [--clients 240] [FOLDER]
//
// Needs the environment of tests/setup/env.sh. Writes dashboard-light.png and dashboard-dark.png, here by default.

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { Browser } from './browser.mjs'
import { Demo } from './demo.mjs'

const require = createRequire(`${process.env.NODE_PATH}/`)
const { WebSocket } = require('ws')

const { values: options, positionals: [folder = dirname(fileURLToPath(import.meta.url))] } = parseArgs({
    options: { seconds: { type: 'string', default: '310' }, clients: { type: 'string', default: '240' } },
    allowPositionals: true,
})

const VIEWPORT = { width: 1280, height: 672 }
const LOBBY = 'presence-room.lobby'
const PEOPLE = [1, 2, 3, 4]
const ITEMS = 8

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Talks with the demo's pages as a browser does: with its cookies and the token of its page. */
class Visitor {
    constructor(url) { this.url = url }

    async begin() {
        const response = await fetch(this.url)
        const html = await response.text()
        this.cookie = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ')
        this.token = html.match(/csrf-token" content="([^"]+)"/)[1]
        this.settings = JSON.parse(html.match(/id="canyon">(.*?)<\/script>/s)[1])
        return this
    }

    async request(method, path, body, bearer) {
        const headers = { Accept: 'application/json', 'Content-Type': 'application/json', 'X-CSRF-TOKEN': this.token, Cookie: this.cookie }
        if (bearer) headers.Authorization = `Bearer ${bearer}`
        const response = await fetch(`${this.url}${path}`, { method, headers, body: JSON.stringify(body) })
        if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
        return response.json()
    }

    /** A client that listens; resolves when the server has greeted it. */
    connect() {
        const { host, port, key } = this.settings
        const socket = new WebSocket(`ws://${host}:${port}/app/${key}?protocol=7`)
        return new Promise((resolve, reject) => {
            socket.once('error', reject)
            socket.once('message', (data) => resolve({ socket, socketId: JSON.parse(JSON.parse(data).data).socket_id }))
        })
    }

    async listen(channels) {
        const { socket } = await this.connect()
        for (const channel of channels) subscribe(socket, { channel })
        return socket
    }

    /** Enters the lobby as somebody. */
    async enter(user) {
        const { token } = await this.request('POST', '/chat/sign-in', { user })
        const { socket, socketId } = await this.connect()
        const auth = await this.request('POST', '/broadcasting/auth', { socket_id: socketId, channel_name: LOBBY }, token)
        subscribe(socket, { channel: LOBBY, ...auth })
        return { socket, token, user }
    }
}

function subscribe(socket, data) {
    socket.send(JSON.stringify({ event: 'pusher:subscribe', data }))
}

/** How busy the site is, from 0 to 1: it comes and goes, with an hour of rush in between. */
function tide(share) {
    const wave = 0.45 + 0.25 * Math.sin(share * 11) + 0.1 * Math.sin(share * 37)
    return Math.min(1, share > 0.62 && share < 0.74 ? wave + 0.5 : wave)
}

async function work(visitor, people, end) {
    const started = Date.now()
    const share = () => (Date.now() - started) / (end - started)
    const until = async (step) => { while (Date.now() < end) await step() }
    const sell = () => until(async () => {
        const item = 1 + Math.floor(Math.random() * ITEMS)
        await visitor.request('PATCH', `/items/${item}`, { add: Math.random() < 0.5 ? 1 : -1 })
        await sleep(20 + 160 * (1 - tide(share())))
    })
    const type = ({ socket }) => until(async () => {
        socket.send(JSON.stringify({ event: 'client-typing', channel: LOBBY, data: {} }))
        await sleep(150 + 1500 * Math.random())
    })
    const chat = ({ token }) => until(async () => {
        await visitor.request('POST', '/rooms/lobby/messages', { body: 'The river is high today.' }, token)
        await sleep(900 + 2500 * Math.random())
    })
    // Somebody whose page signs with another secret, now and then.
    const fail = () => until(async () => {
        subscribe(people[0].socket, { channel: 'private-payroll', auth: `${visitor.settings.key}:${'0'.repeat(64)}` })
        await sleep((end - started) / 4)
    })
    await Promise.all([sell(), sell(), ...people.map(type), ...people.map(chat), fail()])
}

const demo = new Demo()
let browser
try {
    await demo.ready()
    const visitor = await new Visitor(demo.url).begin()
    const end = Date.now() + Number(options.seconds) * 1000
    const crowd = (async () => {
        const count = Number(options.clients)
        for (let number = 0; number < count && Date.now() < end; number++) {
            await visitor.listen(number % 3 === 0 ? ['inventory', 'journeys'] : ['inventory'])
            // They come little by little, for most of the time.
            await sleep((number < count / 2 ? 0.1 : 0.8) * Number(options.seconds) * 1000 / count)
        }
    })()
    const people = await Promise.all(PEOPLE.map((user) => visitor.enter(user)))
    const working = work(visitor, people, end)

    // Opened late: what it shows was kept by the server.
    await sleep(end - Date.now() - 8000)
    browser = await Browser.launch()
    const window = await browser.open(`${demo.url}/canyon`, { viewport: VIEWPORT })
    await window.sees('.pill[data-state="live"]')
    await window.page.click('.choice button:text-is("5 min")')
    await window.sees('a.channel', 'inventory')
    for (const colorScheme of ['light', 'dark']) {
        await window.page.emulateMedia({ colorScheme })
        await window.sees(`button[aria-label="${colorScheme === 'light' ? 'Dark' : 'Light'} colours"]`)
        await window.page.screenshot({ path: join(folder, `dashboard-${colorScheme}.png`), animations: 'disabled' })
    }
    browser.ensureNoPageFailed()
    await Promise.all([crowd, working])
} finally {
    await browser?.close()
    await Demo.killAll()
}
// The crowd still listens to a server that is gone.
process.exit()
