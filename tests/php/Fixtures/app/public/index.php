<?php

use Illuminate\Http\Request;

require getenv('CANYON_TESTS').'/autoload.php';

$app = require dirname(__DIR__).'/bootstrap/app.php';

$app->handleRequest(Request::capture());
