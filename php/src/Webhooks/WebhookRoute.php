<?php

namespace Canyon\Webhooks;

use Canyon\Events\LifecycleEvent;
use Canyon\Events\LifecycleEvents;
use Canyon\Options;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Contracts\Events\Dispatcher;

/**
 * The application's own endpoint, as a server outside of PHP has to know it.
 */
final class WebhookRoute
{
    /**
     * Create a new instance.
     */
    public function __construct(
        private readonly Repository $config,
        private readonly Dispatcher $events,
    ) {
        //
    }

    /**
     * Get the settings of the webhook, unless there is no route or nothing to tell of.
     *
     * @return array{url: string, events: list<string>}|null
     */
    public function settings(): ?array
    {
        $url = $this->url();
        $events = $this->wanted();

        return $url !== null && $events !== [] ? ['url' => $url, 'events' => $events] : null;
    }

    /**
     * Get the path of the route, unless it is switched off.
     */
    public function path(): ?string
    {
        $path = trim((string) $this->config->get('canyon.webhooks.path'), '/');

        return $path === '' ? null : $path;
    }

    /**
     * Get the URL under which the server reaches the route.
     */
    public function url(): ?string
    {
        $url = (string) $this->config->get('canyon.webhooks.url');

        if ($url !== '') {
            return $url;
        }

        return ($path = $this->path()) === null ? null : rtrim((string) $this->config->get('app.url'), '/')."/{$path}";
    }

    /**
     * Get a URL without what only its server should know: user, password and query.
     */
    public static function withoutSecrets(string $url): string
    {
        return preg_replace(['~(?<=://)[^/?@]*@~', '/\?.*/s'], '', $url);
    }

    /**
     * Get the types of events to tell of: those configured, else those the application listens for.
     *
     * @return list<string>
     */
    private function wanted(): array
    {
        return Options::filled($this->config->get('canyon.webhooks.events'))
            ?: array_keys(array_filter(LifecycleEvents::CLASSES, $this->isListenedFor(...)));
    }

    /**
     * Determine if anything listens for events of the class.
     */
    private function isListenedFor(string $class): bool
    {
        foreach ([$class, LifecycleEvent::class] as $name) {
            // Whoever listens for everything, as debugging tools do, does not ask for a request per event.
            $isListenedFor = $this->listensForEverything()
                ? isset($this->events->getRawListeners()[$name])
                : $this->events->hasListeners($name);

            if ($isListenedFor) {
                return true;
            }
        }

        return false;
    }

    /**
     * Determine if there is a listener with the pattern "*".
     */
    private function listensForEverything(): bool
    {
        return method_exists($this->events, 'getRawListeners') && $this->events->hasListeners('an event that does not exist');
    }
}
