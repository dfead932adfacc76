<?php

namespace Canyon\Doctor;

interface Check
{
    /**
     * Look at one part of the installation.
     *
     * @return iterable<Finding>
     */
    public function __invoke(Installation $installation): iterable;
}
