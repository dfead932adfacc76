<?php

namespace Canyon\Broadcasting;

use Canyon\QueueFull;
use Canyon\Signer;
use Closure;
use Illuminate\Broadcasting\Broadcasters\Broadcaster;
use Illuminate\Broadcasting\Broadcasters\UsePusherChannelConventions;
use Illuminate\Broadcasting\BroadcastException;
use Illuminate\Http\Request;
use InvalidArgumentException;
use SensitiveParameter;
use Stringable;
use Symfony\Component\HttpKernel\Exception\AccessDeniedHttpException;
use Throwable;

use function array_key_exists;
use function count;
use function json_encode;
use function str_starts_with;

class CanyonBroadcaster extends Broadcaster
{
    use UsePusherChannelConventions;

    /**
     * How payloads are encoded: what a client parses is the same as with Pusher's
     * library, but text outside of ASCII does not take six bytes a character.
     */
    protected const ENCODING = JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE;

    /**
     * What the names of channels begin with whose events are encrypted.
     */
    public const ENCRYPTED = 'private-encrypted-';

    /**
     * How events are delivered, once one was broadcast.
     */
    protected ?Delivery $delivery = null;

    /**
     * The encryption of channels, once one was encrypted.
     */
    protected ?ChannelEncryption $encryption = null;

    /**
     * Create a new broadcaster instance.
     *
     * Most requests create the driver only to define channels, and must not fail for what only broadcasting needs.
     *
     * @param  Closure(): Delivery  $deliveryResolver
     */
    public function __construct(
        protected readonly Signer $signer,
        protected readonly Closure $deliveryResolver,
        #[SensitiveParameter] protected readonly mixed $encryptionMasterKey = null,
    ) {
        //
    }

    /**
     * Resolve the authenticated user payload for an incoming connection request.
     *
     * @param  Request  $request
     * @return array{auth: string, user_data: string}|null
     */
    public function resolveAuthenticatedUser($request)
    {
        if (! $user = parent::resolveAuthenticatedUser($request)) {
            return null;
        }

        $this->ensureSocketIdIsValid($request);

        $id = $user['id'] ?? null;

        if ((! is_scalar($id) && ! $id instanceof Stringable) || (string) $id === '') {
            throw new InvalidArgumentException('The callback given to Broadcast::resolveAuthenticatedUserUsing must return an array with the "id" of the user.');
        }

        // Pusher's client gives up on a user whose ID is not a string.
        $userData = json_encode(['id' => (string) $id] + $user, self::ENCODING);

        return [
            'auth' => $this->signer->user($request->input('socket_id'), $userData),
            'user_data' => $userData,
        ];
    }

    /**
     * Authenticate the incoming request for a given channel.
     *
     * @param  Request  $request
     * @return mixed
     *
     * @throws AccessDeniedHttpException
     */
    public function auth($request)
    {
        $this->ensureSocketIdIsValid($request);
        $this->ensureChannelNameIsValid($request);

        $this->ensureChannelIsNotReserved($request);

        $channel = $this->normalizeChannelName($request->input('channel_name'));

        if ($this->isGuardedChannel($request->input('channel_name')) && ! $this->retrieveUser($request, $channel)) {
            throw new AccessDeniedHttpException;
        }

        return $this->verifyUserCanAccessChannel($request, $channel);
    }

    /**
     * Return the valid authentication response.
     *
     * @param  Request  $request
     * @param  mixed  $result
     * @return array{auth: string, channel_data?: string, shared_secret?: string}
     */
    public function validAuthenticationResponse($request, $result)
    {
        $channel = $request->input('channel_name');
        $socketId = $request->input('socket_id');

        if (! str_starts_with($channel, 'presence-')) {
            $response = ['auth' => $this->signer->channel($socketId, $channel)];

            return $this->isEncrypted($channel)
                ? $response + ['shared_secret' => $this->encryption()->sharedSecret($channel)]
                : $response;
        }

        $channelData = $this->memberData($request, $channel, $result);

        return [
            'auth' => $this->signer->channel($socketId, $channel, $channelData),
            'channel_data' => $channelData,
        ];
    }

    /**
     * Get the patterns among the defined channels that a channel matches.
     *
     * @return list<string>
     */
    public function patternsOf(string $channel): array
    {
        $name = $this->normalizeChannelName($channel);

        return array_values(array_filter(array_keys($this->channels), fn (string $pattern) => $this->channelNameMatchesPattern($name, $pattern) === 1));
    }

    /**
     * Get the guards that a channel asks for its user, unless that is the default one.
     *
     * @return list<string>
     */
    public function guardsOf(string $channel): array
    {
        return array_values((array) ($this->retrieveChannelOptions($this->normalizeChannelName($channel))['guards'] ?? []));
    }

    /**
     * Broadcast the given event.
     *
     * @param  array<array-key, mixed>  $channels
     * @param  string  $event
     * @param  array<string, mixed>  $payload
     * @return void
     *
     * @throws BroadcastException
     */
    public function broadcast(array $channels, $event, array $payload = [])
    {
        $names = $encrypted = [];

        // What stands here runs for every event, often with nothing of it in the processor's caches: so few calls.
        foreach ($channels as $channel) {
            $names[] = $name = (string) $channel;

            if (str_starts_with($name, self::ENCRYPTED)) {
                $encrypted[] = $name;
            }
        }

        if ($names === []) {
            return;
        }

        if (count($names) > 1) {
            $names = array_values(array_unique($names));
        }

        $exceptSocketId = null;

        // Asked first, because Laravel holds the payload too: PHP copies it to take something out, even if it is not there.
        if (array_key_exists('socket', $payload)) {
            // A page that is not connected yet sends "undefined": there is no connection to leave out.
            $exceptSocketId = $this->isSocketId($payload['socket']) ? $payload['socket'] : null;
            unset($payload['socket']);
        }

        try {
            $delivery = $this->delivery ??= ($this->deliveryResolver)();
            $data = json_encode($payload, self::ENCODING);

            if ($encrypted === []) {
                $delivery->transport->publish($names, (string) $event, $data, $exceptSocketId);

                return;
            }

            foreach ($this->encryption()->parts($names, $encrypted, $data) as [$part, $text]) {
                $delivery->transport->publish($part, (string) $event, $text, $exceptSocketId);
            }
        } catch (Throwable $e) {
            $this->handleFailure(new BroadcastException("Failed to broadcast event [{$event}]: {$e->getMessage()}", 0, $e));
        }
    }

    /**
     * Throw what keeps an event from being broadcast, unless it is a full queue and the application goes on then.
     *
     * @throws BroadcastException
     */
    protected function handleFailure(BroadcastException $e): void
    {
        match ($e->getPrevious() instanceof QueueFull ? $this->delivery->onFull : OnFull::Throw) {
            OnFull::Throw => throw $e,
            OnFull::Report => report($e),
            OnFull::Drop => null,
        };
    }

    /**
     * Encode what the other members of a presence channel get to know about the user.
     *
     * @param  Request  $request
     */
    protected function memberData($request, string $channel, mixed $result): string
    {
        $user = $this->retrieveUser($request, $this->normalizeChannelName($channel));

        $member = ['user_id' => (string) (method_exists($user, 'getAuthIdentifierForBroadcasting')
            ? $user->getAuthIdentifierForBroadcasting()
            : $user->getAuthIdentifier())];

        // A bare "true" lets the user in without telling anything about them.
        if ($result !== true) {
            $member['user_info'] = $result;
        }

        return json_encode($member, self::ENCODING);
    }

    /**
     * Ensure that the connection to sign for is one that a server can have opened.
     *
     * Colons separate the parts of what is signed: with one in here, a
     * signature for one thing could be had that is good for another.
     *
     * @param  Request  $request
     */
    protected function ensureSocketIdIsValid($request): void
    {
        if (! $this->isSocketId($request->input('socket_id'))) {
            throw new AccessDeniedHttpException('The socket ID is invalid.');
        }
    }

    /**
     * Ensure that the channel to sign for is one that a server accepts.
     *
     * @param  Request  $request
     */
    protected function ensureChannelNameIsValid($request): void
    {
        $channel = $request->input('channel_name');

        if (! is_string($channel) || preg_match('/\A[-a-zA-Z0-9_=@,.;]+\z/', $channel) !== 1) {
            throw new AccessDeniedHttpException('The channel name is invalid.');
        }
    }

    /**
     * Ensure that the channel is the application's, whatever its patterns say: those of the dashboard are signed for who may see that.
     *
     * @param  Request  $request
     */
    protected function ensureChannelIsNotReserved($request): void
    {
        if (ReservedChannels::include($request->input('channel_name'))) {
            throw new AccessDeniedHttpException('This channel belongs to the dashboard of Canyon.');
        }
    }

    /**
     * Determine if the channel's events must be encrypted.
     */
    protected function isEncrypted(string $channel): bool
    {
        return str_starts_with($channel, self::ENCRYPTED);
    }

    /**
     * Get the encryption of channels, which most requests do without.
     */
    protected function encryption(): ChannelEncryption
    {
        return $this->encryption ??= new ChannelEncryption($this->encryptionMasterKey);
    }

    /**
     * Determine if the value is the ID of a connection.
     */
    protected function isSocketId(mixed $socketId): bool
    {
        return is_string($socketId) && preg_match('/\A\d+\.\d+\z/', $socketId) === 1;
    }
}
