<?php

namespace Canyon\Broadcasting;

interface Transport
{
    /**
     * Hand an encoded event to the server.
     *
     * @param  list<string>  $channels
     *
     * @throws \Canyon\Exception
     */
    public function publish(array $channels, string $event, string $data, ?string $exceptSocketId = null): void;
}
