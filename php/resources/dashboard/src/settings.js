// What the page was told by the application that serves it.

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?|0\.0\.0\.0)$/

export const settings = JSON.parse(document.getElementById('settings').textContent)

/**
 * Where this browser finds the WebSocket server: { tls, host, port, path }.
 *
 * An address on this machine is of no use to a browser on another one. The server is looked for at the host of the page
 * then: behind the proxy that speaks TLS for it, or else at the server's own port.
 */
export function address({ socket } = settings, page = window.location) {
    if (socket.fixed || !LOOPBACK.test(socket.host) || LOOPBACK.test(page.hostname)) return socket

    return page.protocol === 'https:'
        ? { ...socket, tls: true, host: page.hostname, port: Number(page.port) || 443 }
        : { ...socket, tls: socket.tls, host: page.hostname, port: socket.port }
}

export function webSocketUrl({ tls, host, port, path } = address()) {
    return `${tls ? 'wss' : 'ws'}://${host}:${port}${path}`
}
