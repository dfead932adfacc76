<aside class="journey card" id="journey" aria-labelledby="journey-title">
    <header>
        <h2 id="journey-title">How it travelled</h2>
        <p class="muted" data-part="event">Waiting for the first event…</p>
    </header>

    <svg class="gorge" viewBox="0 0 320 120" aria-hidden="true">
        <defs>
            <linearGradient id="sky" x2="0" y2="1"><stop class="sky1"/><stop class="sky2" offset="1"/></linearGradient>
        </defs>
        <path fill="url(#sky)" d="M0 0h320v120H0z"/>
        <circle class="sun" cx="186" cy="66" r="15"/>
        <path class="far" d="M78 120V80h22l5-13h17l4 9h23l6 10h20l3-16h23l5 14h22l9 10h12v26z"/>
        <path class="water" d="M96 111q12-4 24 0t24 0 24 0 24 0 24 0 16 0v9H96z"/>
        <g class="s1"><path d="M0 40h84l5 22H0z"/><path d="M320 40h-80l-7 22h87z"/></g>
        <g class="s2"><path d="M0 60h89l-9 18H0z"/><path d="M320 60h-87l8 18h79z"/></g>
        <g class="s3"><path d="M0 76h80l15 20H0z"/><path d="M320 76h-79l-13 20h92z"/></g>
        <g class="s4"><path d="M0 94h95l9 26H0z"/><path d="M320 94h-92l-11 26h103z"/></g>
        <path class="rope" d="M80 40h164"/>
        <circle class="spark" cx="80" cy="40" r="5"/>
        <g class="sign">
            <text x="40" y="29" text-anchor="middle">Laravel</text>
            <text x="162" y="29" text-anchor="middle">Canyon</text>
            <text x="282" y="29" text-anchor="middle">You</text>
        </g>
    </svg>

    <dl>
        <div>
            <dt><code>broadcast()</code> took</dt>
            <dd data-part="published">–</dd>
        </div>
        <div>
            <dt>in this window after</dt>
            <dd data-part="received">–</dd>
        </div>
    </dl>

    <ol class="log" data-part="log" aria-label="Latest events"></ol>

    <details>
        <summary>What is measured?</summary>
        <p>
            <b>broadcast()</b>: the clock in php-fpm (<code>hrtime</code>) before and after Laravel’s call; the request waits no longer
            than that. It follows in a second event, since it is known only afterwards. Most of it is Laravel loading classes for the first
            broadcast of a request, with any driver: <code>stock.alert</code>, the second one of its request, shows what is left.
            <code>MessagesRead</code> is a <code>ShouldBroadcast</code> event, which Canyon sends at once, too: Laravel’s queue takes no part.
        </p>
        <p>
            <b>in this window</b>: from PHP’s wall clock just before <code>broadcast()</code> to this page’s clock when Echo hands over
            the event. Both run on this machine; a busy browser tab adds to it.
        </p>
    </details>
</aside>
