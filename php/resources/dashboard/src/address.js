// Where a browser finds the WebSocket server.

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?|0\.0\.0\.0)$/

/**
 * The address for a page at this location, of the one that the application knows: { tls, host, port, path, fixed }.
 *
 * One on the application's own machine is of no use to a browser on another. The server is looked for at the host of the page
 * then: behind the proxy that speaks TLS for it, or else at the server's own port. A fixed address was meant for browsers.
 */
export function addressFor(socket, { protocol, hostname, port }) {
    if (socket.fixed || !LOOPBACK.test(socket.host) || LOOPBACK.test(hostname)) return socket

    return protocol === 'https:'
        ? { ...socket, tls: true, host: hostname, port: Number(port) || 443 }
        : { ...socket, host: hostname }
}
