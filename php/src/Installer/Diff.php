<?php

namespace Canyon\Installer;

/**
 * The lines in which two texts differ, with a little of what is around them.
 */
final class Diff
{
    /**
     * How many unchanged lines are shown before and after changed ones.
     */
    private const CONTEXT = 2;

    /**
     * How many lines may be compared each with each.
     */
    private const COMPARED = 1000;

    /**
     * Get the lines to show: removed ones begin with "-", added ones with "+", others with a space, and "…" stands for a gap.
     *
     * @return list<string>
     */
    public static function between(?string $before, string $after): array
    {
        $lines = self::compare(self::lines($before ?? ''), self::lines($after));
        $shown = [];

        foreach ($lines as $index => $line) {
            if ($line[0] !== ' ') {
                for ($near = $index - self::CONTEXT; $near <= $index + self::CONTEXT; $near++) {
                    $shown[$near] = true;
                }
            }
        }

        $diff = [];
        $last = -1;

        foreach (array_keys($lines) as $index) {
            if (isset($shown[$index])) {
                if ($index > $last + 1) {
                    $diff[] = '…';
                }

                $diff[] = $lines[$index];
                $last = $index;
            }
        }

        return $diff;
    }

    /**
     * Split a text into lines; how they end does not show.
     *
     * @return list<string>
     */
    private static function lines(string $text): array
    {
        $lines = preg_split('/\r\n|\n|\r/', $text) ?: [];

        if (end($lines) === '') {
            array_pop($lines);
        }

        return $lines;
    }

    /**
     * Mark each line as removed, added or unchanged.
     *
     * @param  list<string>  $before
     * @param  list<string>  $after
     * @return list<string>
     */
    private static function compare(array $before, array $after): array
    {
        $head = $tail = [];

        while ($before !== [] && $after !== [] && $before[0] === $after[0]) {
            $head[] = ' '.array_shift($before);
            array_shift($after);
        }

        while ($before !== [] && $after !== [] && end($before) === end($after)) {
            array_unshift($tail, ' '.array_pop($before));
            array_pop($after);
        }

        $middle = count($before) * count($after) > self::COMPARED ** 2
            ? [...preg_filter('/^/', '-', $before), ...preg_filter('/^/', '+', $after)]
            : self::longestCommon($before, $after);

        return [...$head, ...$middle, ...$tail];
    }

    /**
     * Keep as many lines unchanged as possible.
     *
     * @param  list<string>  $before
     * @param  list<string>  $after
     * @return list<string>
     */
    private static function longestCommon(array $before, array $after): array
    {
        $common = array_fill(0, count($before) + 1, array_fill(0, count($after) + 1, 0));

        for ($i = count($before) - 1; $i >= 0; $i--) {
            for ($j = count($after) - 1; $j >= 0; $j--) {
                $common[$i][$j] = $before[$i] === $after[$j]
                    ? $common[$i + 1][$j + 1] + 1
                    : max($common[$i + 1][$j], $common[$i][$j + 1]);
            }
        }

        $lines = [];
        $i = $j = 0;

        while ($i < count($before) || $j < count($after)) {
            if ($i < count($before) && $j < count($after) && $before[$i] === $after[$j]) {
                $lines[] = ' '.$before[$i++];
                $j++;
            } elseif ($i < count($before) && ($j === count($after) || $common[$i + 1][$j] >= $common[$i][$j + 1])) {
                $lines[] = '-'.$before[$i++];
            } else {
                $lines[] = '+'.$after[$j++];
            }
        }

        return $lines;
    }
}
