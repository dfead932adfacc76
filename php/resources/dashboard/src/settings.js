// What the page was told by the application that serves it.

import { addressFor } from './address.js'

export const settings = JSON.parse(document.getElementById('settings').textContent)

export const address = addressFor(settings.socket, window.location)

export const webSocketUrl = `${address.tls ? 'wss' : 'ws'}://${address.host}:${address.port}${address.path}`
