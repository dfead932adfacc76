<aside class="journey card" id="journey" aria-labelledby="journey-title">
    <header>
        <h2 id="journey-title">How it travelled</h2>
        <p class="muted" data-part="event">Waiting for the first event…</p>
    </header>

    <svg class="gorge" viewBox="0 0 320 112" aria-hidden="true">
        <g class="cliff">
            <path class="s1" d="M0 34h86l6 22H0z"/>
            <path class="s2" d="M0 54h92l-8 20H0z"/>
            <path class="s3" d="M0 72h84l14 20H0z"/>
            <path class="s4" d="M0 90h98l10 22H0z"/>
        </g>
        <g class="cliff">
            <path class="s1" d="M320 34h-82l-10 22h92z"/>
            <path class="s2" d="M320 54h-92l6 20h86z"/>
            <path class="s3" d="M320 72h-86l-12 20h98z"/>
            <path class="s4" d="M320 90h-98l-12 22h110z"/>
        </g>
        <path class="water" d="M108 104q12-5 24 0t24 0 24 0 30 0v8H108z"/>
        <path class="rope" d="M84 34H240"/>
        <circle class="spark" cx="84" cy="34" r="5"/>
        <g class="sign">
            <text x="42" y="24" text-anchor="middle">Laravel</text>
            <text x="162" y="24" text-anchor="middle">Canyon</text>
            <text x="280" y="24" text-anchor="middle">You</text>
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
            <b>broadcast()</b>: the clock in php-fpm (<code>hrtime</code>) before and after Laravel’s call, with everything Laravel
            itself does in it. This is all that the request waits. It follows in a second event, since it is known only afterwards.
        </p>
        <p>
            <b>in this window</b>: from PHP’s wall clock just before <code>broadcast()</code> to this page’s clock when Echo hands over
            the event. Both run on this machine; a busy browser tab adds to it.
        </p>
    </details>
</aside>
