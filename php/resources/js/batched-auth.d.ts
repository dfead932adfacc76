/** What signs the subscription to a channel. */
export interface ChannelAuthorization {
    auth: string
    channel_data?: string
    shared_secret?: string
}

/** Called once for each channel. The error has the status of the refusal, if there was an answer. */
export type AuthorizationCallback = (error: (Error & { status?: number }) | null, data: ChannelAuthorization | null) => void

export interface BatchedAuthOptions {
    /** Where batches are sent to: by default `/batch` below the endpoint for one channel. */
    endpoint?: string
    /** Channels in one request; more of them take several. No more than `auth_batch_size` in config/canyon.php. Default: 100. */
    limit?: number
    /** Sent besides those of Echo and the CSRF token of the page; a function is called for each request. */
    headers?: Record<string, string> | (() => Record<string, string>)
    /** Sent besides those of Echo; a function is called for each request. */
    params?: Record<string, string> | (() => Record<string, string>)
    /** Whether cookies are sent to another origin. Default: `same-origin`. */
    credentials?: RequestCredentials
    /** Used instead of the global `fetch`. */
    fetch?: typeof fetch
}

/** For the option `authorizer` of Laravel Echo and of pusher-js: takes endpoint, headers and parameters from them. */
export function batchedAuthorizer(options?: BatchedAuthOptions): (
    channel: { name: string },
    options: { authEndpoint: string; auth?: { headers?: Record<string, string>; params?: Record<string, string> } },
) => { authorize(socketId: string, callback: AuthorizationCallback): void }

/** For the option `channelAuthorization` of pusher-js: knows what `options` say, and the CSRF token of the page. */
export function batchedChannelAuthorization(options?: BatchedAuthOptions): {
    customHandler(params: { socketId: string; channelName: string }, callback: AuthorizationCallback): void
}
