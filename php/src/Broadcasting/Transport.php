<?php

namespace Canyon\Broadcasting;

use Canyon\Exception;

interface Transport
{
    /**
     * Hand an encoded event to the server.
     *
     * @param  list<string>  $channels
     *
     * @throws Exception
     */
    public function publish(array $channels, string $event, string $data, ?string $exceptSocketId = null): void;
}
