// The apps of the server under test. Each has what a group of tests needs; what it does not say is the default.

const app = (number, settings, needs = []) => ({
    id: String(number),
    key: `key-of-${number}`,
    secret: `secret-of-${number}`,
    settings,
    needs,
})

/** `webhooks` is the address that receives them. */
export function describeApps(webhooks) {
    return {
        main: app(1001, {}),
        // What the hosted service allows at most.
        hosted: app(1002, {
            max_event_bytes: 10_240, client_event_rate: 10, max_presence_members: 100, max_presence_bytes: 1024,
        }),
        watching: app(1003, { watchlist: true }),
        counting: app(1004, { subscription_counts: true }),
        silent: app(1005, { client_events: 'off' }),
        brief: app(1006, { activity_timeout: 1 }),
        single: app(1007, { max_connections: 1 }),
        homely: app(1008, { allowed_origins: ['https://example.com', '*.example.org'] }),
        disabled: app(1009, { enabled: false }),
        secure: app(1010, { requires_tls: true }),
        strict: app(1011, { authorization_timeout: 1 }),
        few: app(1012, { max_presence_members: 2 }),
        anonymous: app(1013, { user_authentication: false }),
        telling: app(1014, { subscription_counts: true, webhooks: [{ url: `${webhooks}/telling` }] }, ['webhooks']),
        choosy: app(1015, {
            webhooks: [
                { url: `${webhooks}/choosy`, events: ['client_event', 'member_added'], channel_prefix: 'presence-told-', headers: { 'X-Extra': 'yes' } },
                { url: `${webhooks}/everything` },
            ],
        }, ['webhooks']),
    }
}

/** The configuration file of a server with these apps. */
export function toToml(top, apps) {
    const lines = (settings) => Object.entries(settings).map(([key, value]) => `${key} = ${tomlValue(value)}`)
    const tables = apps.map(({ id, key, secret, settings }) => ['[[app]]', ...lines({ id, key, secret, ...settings })])
    return [...lines(top), ...tables.flat()].join('\n') + '\n'
}

function tomlValue(value) {
    if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`
    if (typeof value === 'object') {
        return `{ ${Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)} = ${tomlValue(inner)}`).join(', ')} }`
    }
    return JSON.stringify(value)
}
