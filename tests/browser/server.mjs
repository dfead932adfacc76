import assert from 'node:assert/strict'

const ADA = '[data-person="1"]'
const GRACE = '[data-person="2"]'
const LOBBY = '[data-channel="presence-room.lobby"]'

/** Opens the chat as somebody who is signed in to the server then. */
async function enter({ browser, demo }, id) {
    const window = await browser.open(`${demo.url}/chat`)
    await window.page.click(`[data-sign-in="${id}"]`)
    await window.frame('pusher:signin_success')
    await window.sees(`#members [data-member="${id}"]`, 'you')
    return window
}

export default {
    async 'PHP knows who is online, on which channels, and how many are there'(context) {
        const server = await context.browser.open(`${context.demo.url}/server`)
        await server.connected()
        await server.sees(`${ADA}[data-online="no"]`, 'offline')
        await server.seesNo(LOBBY)

        await enter(context, 1)
        await server.sees(`${ADA}[data-online="yes"]`, '1 window · presence-room.lobby')
        await server.sees(LOBBY, 'Ada')

        await enter(context, 1)
        await enter(context, 2)
        await server.sees(`${ADA}[data-online="yes"]`, '2 windows')
        await server.sees(LOBBY, 'Ada, Grace')
        await server.sees(`${LOBBY} .count`, '3')
        await server.sees('#status', '4 connections')
        assert.equal(server.loads, 1, 'The page follows without a reload.')
    },

    async 'who is disconnected by PHP is told so, and the others stay'(context) {
        const [ada, grace] = [await enter(context, 1), await enter(context, 2)]
        const server = await context.browser.open(`${context.demo.url}/server`)

        await server.page.click(`${ADA} button`)

        await ada.sees('.toast[data-level="critical"]', 'Ada was disconnected')
        await ada.sees('#sign-in')
        await ada.frame('pusher:error', ({ data }) => data.code === 4009)
        await server.sees(`${ADA}[data-online="no"]`, 'offline')
        await server.sees(`${GRACE}[data-online="yes"]`)
        await grace.seesNo('#members [data-member="1"]')
        await grace.connected()
        assert.equal(await server.page.locator(`${ADA} button`).isDisabled(), true)
    },
}
