// What cannot hold behind a proxy with our recipe, and why.

const SITE = 'a key or path that is not of the application is the site\'s own, and does not get to the server'
const METRICS = '/metrics is for the machine itself: the recipe does not hand it on'

export const notBehind = {
    'connection: gives up on an unknown key with 4001': SITE,
    'connection: connects through a path prefix': SITE,
    'connection: is refused with 4005 under another path': SITE,
    'connection: is refused with 4001 rather than 4007 if key and protocol are wrong': SITE,
    'table: unknown app key: error 4001, then close 4001': SITE,
    'connection: is refused with 4000 by an app that wants TLS, unless a proxy on this host took care of it':
        'the proxy says itself whether its client came over TLS, whatever the client says',
    'limits: over the connections of its address is told so, and comes in by itself when there is room':
        'the proxy says itself where its client comes from, whatever the client says',
    'metrics: each metric has its type, a help, and samples of its own': METRICS,
    'metrics: what is published and delivered is counted, and how long it took': METRICS,
}
