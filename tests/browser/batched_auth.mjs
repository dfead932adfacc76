import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

const SOURCE = readFileSync(new URL('../../php/resources/js/batched-auth.js', import.meta.url), 'utf8')

/** In the page: an Echo that asks in batches joins many channels at once. Resolves to what each of them was told. */
async function watchShelves({ source, token, count }) {
    const { batchedAuthorizer } = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })))
    const settings = JSON.parse(document.getElementById('canyon').textContent)
    const echo = new window.Echo.default({
        broadcaster: 'reverb', key: settings.key, wsHost: settings.host, wsPort: settings.port, forceTLS: false,
        enabledTransports: ['ws'], bearerToken: token, authorizer: batchedAuthorizer(),
    })
    const names = Array.from({ length: count - 1 }, (_, index) => `shelf.${index}`)
    const channels = [...names.map((name, index) => (index % 2 ? echo.private(name) : echo.join(name))), echo.join('room.crew')]
    const told = await Promise.all(channels.map((channel) => new Promise((resolve) => {
        channel.subscribed(() => resolve(`${channel.name} subscribed`)).error((error) => resolve(`${channel.name} ${error.status} ${error.error}`))
    })))
    echo.disconnect()
    return told
}

export default {
    async 'forty channels of a page are authorized by one request, and the forbidden one alone is told'({ browser, demo }) {
        const window = await browser.open(`${demo.url}/chat`)
        await window.page.click('[data-sign-in="4"]')
        await window.connected()
        // The page's own channels are authorized one by one.
        for (const channel of ['presence-room.lobby', 'private-room.lobby.receipts']) await window.subscribed(channel)

        const requests = []
        window.page.on('request', (request) => {
            if (request.url().includes('/broadcasting/')) requests.push(request)
        })
        const token = await window.page.evaluate(() => JSON.parse(Object.values(sessionStorage)[0]).token)
        const told = await window.page.evaluate(watchShelves, { source: SOURCE, token, count: 40 })

        assert.equal(told.filter((line) => /^(private|presence)-shelf\.\d+ subscribed$/.test(line)).length, 39)
        assert.deepEqual(told.filter((line) => !line.endsWith(' subscribed')), ['presence-room.crew 403 Forbidden'])
        assert.deepEqual(requests.map((request) => [request.method(), request.url()]), [['POST', `${demo.url}/broadcasting/auth/batch`]])
        const headers = await requests[0].allHeaders()
        assert.equal(headers.authorization, `Bearer ${token}`)
        assert.ok(headers['x-csrf-token'])
    },

    async 'without the token of a user, every channel hears that the request was refused'({ browser, demo }) {
        const window = await browser.open(`${demo.url}/chat`)
        const told = await window.page.evaluate(watchShelves, { source: SOURCE, token: 'nobody', count: 3 })

        for (const line of told) assert.match(line, / 401 Unable to retrieve the auth strings of 3 channel\(s\) from \/broadcasting\/auth\/batch: the status is 401$/)
    },
}
