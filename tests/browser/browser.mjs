// Chromium, and windows that remember what came over their WebSockets.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { LIMIT, until } from '../support/until.mjs'

// NODE_PATH is looked at by `require` only.
const require = createRequire(`${process.env.NODE_PATH}/`)
const { chromium } = require('playwright-core')

const FLAGS = [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
]

export class Browser {
    #chromium
    #artifacts
    #windows = []

    static async launch() {
        const browser = new Browser()
        // Playwright gives each launch a fresh profile; its own files go where we can remove them.
        browser.#artifacts = mkdtempSync(join(tmpdir(), 'canyon-chromium-'))
        browser.#chromium = await chromium.launch({
            executablePath: process.env.CHROMIUM,
            args: FLAGS,
            artifactsDir: browser.#artifacts,
            // run.mjs closes it on a signal, with everything else.
            handleSIGINT: false,
            handleSIGTERM: false,
        })
        return browser
    }

    /** A window with cookies and storage of its own, or one that shares the cookies of another window. */
    async open(url, { sharing, viewport = { width: 1280, height: 800 } } = {}) {
        const context = sharing?.page.context() ?? (await this.#chromium.newContext({ viewport }))
        const page = await context.newPage()
        page.setDefaultTimeout(LIMIT)
        const window = new Window(page)
        this.#windows.push(window)
        await page.goto(url)
        return window
    }

    /** Fails if a page threw an error or logged one, asked another host for something, or was answered with a server error. */
    ensureNoPageFailed() {
        assert.deepEqual(this.#windows.flatMap((window) => window.problems), [])
    }

    describePages() {
        return this.#windows.map((window, index) => `window ${index + 1}: ${window.describe()}`).join('\n')
    }

    async savePages(path) {
        for (const [index, { page }] of this.#windows.entries()) {
            if (!page.isClosed()) await page.screenshot({ path: `${path}-window-${index + 1}.png` })
        }
    }

    async closeWindows() {
        for (const window of this.#windows) await window.close()
        this.#windows = []
    }

    async close() {
        await this.#chromium.close()
        rmSync(this.#artifacts, { recursive: true, force: true })
    }
}

export class Window {
    /** Every Pusher frame this window received, in order: { event, channel, data }, `data` decoded. */
    frames = []
    problems = []
    loads = 0
    #sockets = 0

    constructor(page) {
        this.page = page
        page.on('load', () => { this.loads++ })
        page.on('websocket', (socket) => {
            this.#sockets++
            socket.on('framereceived', ({ payload }) => this.frames.push(decode(payload)))
        })
        page.on('request', (request) => {
            const { protocol, hostname } = new URL(request.url())
            if (protocol.startsWith('http') && hostname !== '127.0.0.1') this.problems.push(`request to ${request.url()}`)
        })
        page.on('response', (response) => {
            // 503 is how the application says that the server is away.
            if (response.status() >= 500 && response.status() !== 503) this.problems.push(`${response.status()} from ${response.url()}`)
        })
        page.on('requestfailed', (request) => {
            // What was under way when a window closes or moves on is no failure.
            const { errorText } = request.failure()
            if (errorText !== 'net::ERR_ABORTED') this.problems.push(`${errorText} from ${request.url()}`)
        })
        page.on('pageerror', (error) => this.problems.push(`uncaught: ${error.message}`))
        page.on('console', (message) => {
            // The browser itself logs refused requests and broken sockets, which some tests are about.
            const ownLog = /^(Failed to load resource|WebSocket connection to)/.test(message.text())
            if (message.type() === 'error' && !ownLog) this.problems.push(`console: ${message.text()}`)
        })
    }

    /** The frames of an event, on one channel if one is named. Laravel events go by their short name. */
    received(event, channel) {
        return this.frames.filter((frame) => short(frame.event) === event && (!channel || frame.channel === channel))
    }

    /** Waits for a frame of the event for which `matches` holds, in everything received since the window opened. */
    async frame(event, matches = () => true) {
        return until(`${event} on the wire`, () => this.frames.find((frame) => short(frame.event) === event && matches(frame)))
    }

    async subscribed(channel) {
        await this.frame('pusher_internal:subscription_succeeded', (frame) => frame.channel === channel)
    }

    /** Waits until an element is visible, with this text in it if one is given. */
    async sees(selector, text) {
        const locator = this.page.locator(selector)
        await (text === undefined ? locator : locator.filter({ hasText: text })).first().waitFor()
    }

    /** Waits until no element like this is visible. */
    async seesNo(selector, text) {
        const locator = this.page.locator(selector)
        await until(`${selector} to go away`, async () => {
            return (await (text === undefined ? locator : locator.filter({ hasText: text })).filter({ visible: true }).count()) === 0
        })
    }

    async texts(selector) {
        return this.page.locator(selector).allInnerTexts()
    }

    async connected() {
        await this.sees('#link[data-state="connected"]', 'Connected')
    }

    describe() {
        const events = this.frames.slice(-12).map((frame) => `${frame.event}${frame.channel ? ` on ${frame.channel}` : ''}`)
        return [`${this.#sockets} socket(s), ${this.frames.length} frame(s), the last: ${events.join(', ') || 'none'}`, ...this.problems].join('\n    ')
    }

    async close() {
        if (this.page.isClosed()) return
        const context = this.page.context()
        await this.page.close()
        if (context.pages().length === 0) await context.close()
    }
}

function decode(payload) {
    const frame = JSON.parse(payload)
    return { ...frame, data: typeof frame.data === 'string' ? JSON.parse(frame.data) : frame.data }
}

function short(event) {
    return event.replace(/^App\\Events\\/, '')
}
