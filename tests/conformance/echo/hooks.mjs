// The hooks of @laravel/echo-react and @laravel/echo-vue in a page in Chromium.

import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'

import { esbuild } from '../support/packages.mjs'
import { until } from '../../support/until.mjs'

const NOTIFICATION = 'Illuminate\\Notifications\\Events\\BroadcastNotificationCreated'

const bundles = new Map()

async function bundle(framework) {
    if (!bundles.has(framework)) {
        const { outputFiles } = await esbuild.build({
            entryPoints: [fileURLToPath(new URL(`pages/${framework}.mjs`, import.meta.url))],
            bundle: true,
            write: false,
            format: 'iife',
            logLevel: 'silent',
            nodePaths: [process.env.NODE_PATH],
            define: {
                'import.meta.env': 'window.env',
                'process.env.NODE_ENV': '"development"',
                __VUE_OPTIONS_API__: 'true',
                __VUE_PROD_DEVTOOLS__: 'false',
                __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
            },
        })
        bundles.set(framework, outputFiles[0].text)
    }
    return bundles.get(framework)
}

/** A page with the hook mounted; `'@callback'` among the arguments stands for a function that remembers. */
async function mount({ apps, backend, browser, defer, name, server: shared }, framework, hook, args = [], server = shared) {
    const path = name(`/${framework}-`)
    const env = {
        VITE_REVERB_APP_KEY: apps.main.key, VITE_REVERB_HOST: server.host, VITE_REVERB_PORT: server.port, VITE_REVERB_SCHEME: 'http',
    }
    backend.serves(`/${framework}.js`, 'text/javascript', await bundle(framework))
    backend.serves(path, 'text/html; charset=utf-8', `<!doctype html><meta name="csrf-token" content="token"><link rel="icon" href="data:,">
        <div id="root"></div><script>window.env = ${JSON.stringify(env)}</script><script src="/${framework}.js"></script>`)
    const window = await (await browser()).open(backend.url + path)
    defer(async () => {
        await window.close()
        assert.deepEqual(window.problems, [])
    })
    await window.page.evaluate(([one, two]) => globalThis.mount(one, two), [hook, args])
    return {
        window,
        heard: () => window.page.evaluate(() => globalThis.heard),
        values: () => window.page.evaluate(() => globalThis.values),
        unmount: () => window.page.evaluate(() => globalThis.unmount()),
        /** Calls a function that the hook returned. */
        call: (method) => window.page.evaluate((one) => { globalThis.result[one]() }, method),
        /** Waits for as many calls of the callback. */
        async hears(count) {
            await until(`${hook} to hear ${count}`, async () => (await this.heard()).length >= count)
            return this.heard()
        },
        isSubscribed: (channel) => window.page.evaluate((one) => Boolean(globalThis.echo().connector.pusher.channel(one)?.subscribed), channel),
        async subscribed(channel) { await until(`${channel} to be subscribed`, () => this.isSubscribed(channel)) },
    }
}

function testsOf(framework) {
    return {
        async [`${framework}: useEcho hears the events of a private channel`](context) {
            const name = context.name('orders.')
            const page = await mount(context, framework, 'useEcho', [name, ['OrderShipped', '.order.paid'], '@callback'])
            await page.subscribed(`private-${name}`)
            await context.api().trigger(`private-${name}`, 'App\\Events\\OrderShipped', { id: 1, empty: {} })
            await context.api().trigger(`private-${name}`, 'order.paid', { id: 2 })
            assert.deepEqual(await page.hears(2), [{ id: 1, empty: {} }, { id: 2 }])

            await page.call('stopListening')
            await context.api().trigger(`private-${name}`, 'order.paid', { id: 3 })
            await page.window.frame('order.paid', ({ data }) => data.id === 3)
            await page.call('listen')
            await context.api().trigger(`private-${name}`, 'order.paid', { id: 4 })
            assert.deepEqual((await page.hears(3)).at(-1), { id: 4 })
        },

        async [`${framework}: a component that is gone has left its channel`](context) {
            const name = context.name('gone.')
            const page = await mount(context, framework, 'useEcho', [name, '.news', '@callback'])
            await page.subscribed(`private-${name}`)
            await page.unmount()
            await until('the channel to be left', async () => !(await page.isSubscribed(`private-${name}`)))
            const fence = context.name('fence-')
            await page.window.page.evaluate((one) => { globalThis.echo().channel(one) }, fence)
            await page.window.subscribed(fence)
            await context.api().trigger([`private-${name}`, fence], 'news', {})
            await page.window.frame('news', ({ channel }) => channel === fence)
            assert.deepEqual([page.window.received('news', `private-${name}`), await page.heard()], [[], []])
        },

        async [`${framework}: useEchoPublic hears the events of a public channel`](context) {
            const name = context.name('news.')
            const page = await mount(context, framework, 'useEchoPublic', [name, 'Published', '@callback'])
            await page.subscribed(name)
            await context.api().trigger(name, 'App\\Events\\Published', { title: 'ünï☃' })
            assert.deepEqual(await page.hears(1), [{ title: 'ünï☃' }])
        },

        async [`${framework}: useEchoPresence hears events and knows the members`](context) {
            const name = context.name('room.')
            const page = await mount(context, framework, 'useEchoPresence', [name, 'Said', '@callback'])
            await page.subscribed(`presence-${name}`)
            const other = await context.connect('main', { member: { user_id: 'other', user_info: { name: 'Other' } } })
            const channel = await other.subscribe(`presence-${name}`)
            assert.deepEqual(channel.members.get('31'), { id: '31', info: { id: 31, name: 'Ada' } })
            await context.api().trigger(`presence-${name}`, 'App\\Events\\Said', { text: 'hi' })
            assert.deepEqual(await page.hears(1), [{ text: 'hi' }])
            await until('both members', () => page.window.page.evaluate(
                (one) => globalThis.echo().connector.pusher.channel(one).members.count === 2, `presence-${name}`))
        },

        async [`${framework}: useEchoNotification hears the notifications of a type`](context) {
            const name = context.name('App.Models.User.')
            const page = await mount(context, framework, 'useEchoNotification', [name, '@callback', 'App.Notifications.Paid'])
            await page.subscribed(`private-${name}`)
            await context.api().trigger(`private-${name}`, NOTIFICATION, { id: 'a', type: 'App\\Notifications\\Other' })
            await context.api().trigger(`private-${name}`, NOTIFICATION, { id: 'b', type: 'App\\Notifications\\Paid', amount: 7 })
            assert.deepEqual(await page.hears(1), [{ id: 'b', type: 'App\\Notifications\\Paid', amount: 7 }])
        },

        async [`${framework}: useEchoModel hears the events of a model`](context) {
            const id = context.name('')
            const page = await mount(context, framework, 'useEchoModel', ['App.Models.Post', id, ['PostUpdated'], '@callback'])
            await page.subscribed(`private-App.Models.Post.${id}`)
            await context.api().trigger(`private-App.Models.Post.${id}`, 'PostUpdated', { model: { id: 1 }, connection: null })
            assert.deepEqual(await page.hears(1), [{ model: { id: 1 }, connection: null }])
        },

        async [`${framework}: useChannel, usePublicChannel and usePresenceChannel subscribe`](context) {
            for (const [hook, prefix] of [['useChannel', 'private-'], ['usePublicChannel', ''], ['usePresenceChannel', 'presence-']]) {
                const name = context.name('just.')
                const page = await mount(context, framework, hook, [name])
                await page.subscribed(prefix + name)
                await page.call('leave')
                await until(`${hook} to leave`, async () => !(await page.isSubscribed(prefix + name)))
                await page.window.close()
            }
        },

        async [`${framework}: useSocketId is what keeps an event from its sender`](context) {
            const page = await mount(context, framework, 'useSocketId')
            const socketId = await until('the socket id', async () => (await page.values()).at(-1))
            assert.match(socketId, /^\d+\.\d+$/)
            const channel = context.name('saved-')
            await page.window.page.evaluate((one) => { globalThis.echo().channel(one) }, channel)
            await page.window.subscribed(channel)
            await context.api().trigger(channel, 'not-to-sender', {}, { socket_id: socketId })
            await context.api().trigger(channel, 'to-all', {})
            await page.window.frame('to-all')
            assert.deepEqual(page.window.received('not-to-sender'), [])
        },

        async [`${framework}: useConnectionStatus follows the connection`](context) {
            const cable = await context.cable()
            const page = await mount(context, framework, 'useConnectionStatus', [], cable)
            await until('to connect', async () => (await page.values()).at(-1) === 'connected')
            cable.cut()
            // It may be back before anybody looks; every value was written down.
            const connections = async () => (await page.values()).filter((value) => value === 'connected').length
            await until('the loss and the return', async () => (await connections()) === 2)
        },
    }
}

export default { ...testsOf('react'), ...testsOf('vue') }
