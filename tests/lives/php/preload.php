<?php

declare(strict_types=1);

/*
 * What opcache.preload runs once, in the process that later forks the workers: it publishes
 * a series, and says in which process. A reload preloads anew, and so publishes another one.
 */

require __DIR__.'/series.php';

publish_series(publisher(), 'preloaded by '.getmypid(), 3);
