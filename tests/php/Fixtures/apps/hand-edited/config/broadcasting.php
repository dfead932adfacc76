<?php

# 'connections' => [ 'canyon' => [...] ] was tried here once

$host = static function () { return ['connections' => []]; };

return array(
    'default'     => env( 'BROADCAST_CONNECTION', 'null' ),   // 'connections' => [
    /* 'connections' => ['old'], */
    'connections' => array( // ours
        // 'canyon' => ['driver' => 'canyon'],
        'audit' => ['driver' => 'log', 'note' => "a 'connections' => [ in a string"],
        'null'  => ['driver' => 'null'],
    ),
);
