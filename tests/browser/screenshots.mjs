// Pictures of all pages in use: light and dark, on a desk and on a phone.

import assert from 'node:assert/strict'
import { join } from 'node:path'

import { until } from '../support/until.mjs'

const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } }

/** Saves the pictures in `directory`. */
export async function takeScreenshots(browser, demo, directory) {
    const [page, other] = [await browser.open(demo.url), await browser.open(demo.url)]
    await page.connected()
    await other.connected()
    for (const [item, stock] of [[5, 12], [8, 7], [3, 10], [8, 3]]) {
        await other.page.fill(`[data-item="${item}"] [name="stock"]`, String(stock))
        await other.page.press(`[data-item="${item}"] [name="stock"]`, 'Enter')
        await until(`item ${item} to show ${stock}`, async () => (await page.page.inputValue(`[data-item="${item}"] [name="stock"]`)) === String(stock))
    }
    await page.sees('.toast[data-level="critical"]', 'Only 3 left')
    await save(page, join(directory, 'inventory'))

    for (const window of [page, other]) await window.page.goto(`${demo.url}/chat`)
    await save(page, join(directory, 'sign-in'))

    await page.page.click('[data-sign-in="1"]')
    await other.page.click('[data-sign-in="2"]')
    await page.sees('#members [data-member="2"]')
    await say(page, 'Here it comes: one line, straight across.')
    await other.sees('.line:not(.mine) .body', 'straight across')
    await say(other, 'That was quick! I saw it before you let go of the key.')
    await page.sees('.line:not(.mine) .body', 'That was quick')
    await say(page, 'Told you.')
    await page.sees('.line.mine .readers', 'read by Grace')

    const server = await browser.open(`${demo.url}/server`)
    await server.sees('[data-person="2"][data-online="yes"]')
    await save(server, join(directory, 'server'))

    // Typing is believed for a short while only, so whisper again for each picture.
    await save(page, join(directory, 'chat'), async () => {
        await page.seesNo('#typing i')
        await other.page.locator('#composer input').pressSequentially('s')
        await page.sees('#typing', 'Grace is typing')
    })

    await other.page.click('#sign-out')
    await other.page.click('[data-sign-in="4"]')
    await other.page.click('[data-room="crew"]')
    await other.sees('#refused li >> nth=1')
    await save(other, join(directory, 'refused'))
    await browser.closeWindows()
}

async function save({ page }, path, before = async () => {}) {
    for (const [name, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport)
        const width = await page.evaluate(() => document.documentElement.scrollWidth)
        assert.ok(width <= viewport.width, `${page.url()} is ${width} pixels wide in a window of ${viewport.width}`)
        for (const colorScheme of ['light', 'dark']) {
            await page.emulateMedia({ colorScheme })
            await before()
            // Finite animations jump to their end: no row in the middle of a flash.
            await page.screenshot({ path: `${path}-${name}-${colorScheme}.png`, animations: 'disabled' })
        }
    }
}

async function say({ page }, text) {
    await page.fill('#composer input', text)
    await page.press('#composer input', 'Enter')
}
