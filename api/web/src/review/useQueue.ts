import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";

import type { Schemas } from "../client";
import { countsQuery, defectQuery, placeQuery, queueBeside, queueQuery } from "../queries";
import { beside, type Filter, type Order, type Stand } from "./filter";

export type QueueRow = Schemas["QueueRowOut"];

export interface Queue {
  /** The rows that have been read, in their order; there may be more on either side. */
  readonly rows: readonly QueueRow[];
  readonly counts: Schemas["QueueCounts"] | undefined;
  readonly chosen: QueueRow | undefined;
  readonly error: Error | null;
  readonly isReading: boolean;
  /** Read the page after the last row, or before the first, where there is one. */
  readonly readOn: (() => void) | undefined;
  readonly readBack: (() => void) | undefined;
  /** Choose a defect; one that no row shows becomes the first. */
  readonly choose: (defectId: string) => void;
  readonly step: (step: 1 | -1) => void;
}

/** Hold a survey's queue: the rows read so far, counts, and the way from defect to defect. */
export function useQueue(
  surveyId: string,
  filter: Filter,
  order: Order,
  chosenId: string | undefined,
  isReady: boolean,
  onChoose: (defectId: string) => void,
): Queue {
  const queries = useQueryClient();
  const [anchor, setAnchor] = useState(chosenId);
  const [stand, setStand] = useState<Stand>();
  const counted = useQuery({
    ...countsQuery(surveyId, filter),
    enabled: isReady,
    placeholderData: keepPreviousData,
  });
  const read = useInfiniteQuery({
    ...queueQuery(surveyId, filter, order, anchor),
    enabled: isReady,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => read.data?.pages.flatMap((page) => page.rows) ?? [], [read.data]);
  const listed = rows.find((row) => row.defect_id === chosenId);
  const placed = useQuery({
    ...placeQuery(surveyId, filter, order, chosenId ?? ""),
    enabled: isReady && chosenId !== undefined && listed === undefined && !read.isFetching,
  });
  const elsewhere = placed.data?.rows[0];
  const chosen = listed ?? (elsewhere?.defect_id === chosenId ? elsewhere : undefined);

  // A place is remembered as it was when somebody came to it: a decision may move the row.
  useEffect(() => {
    if (chosen !== undefined && stand?.defect_id !== chosen.defect_id) setStand(chosen);
  }, [chosen, stand]);
  // Another choice begins at its beginning, and another order has other marks.
  const asked = useRef({ filter, order });
  if (asked.current.filter !== filter || asked.current.order !== order) {
    asked.current = { filter, order };
    setAnchor(undefined);
    setStand(undefined);
  }

  // Whoever has seen this one sees the next: it is read while they look.
  const next = beside(rows, chosen, 1)?.defect_id;
  useEffect(() => {
    if (chosenId !== undefined && next !== undefined) void queries.prefetchQuery(defectQuery(next));
  }, [queries, chosenId, next]);

  const choose = (defectId: string) => {
    if (!rows.some((row) => row.defect_id === defectId)) setAnchor(defectId);
    onChoose(defectId);
  };
  const step = (way: 1 | -1) => {
    const here = stand?.defect_id === chosenId ? stand : chosen;
    const known = beside(rows, here, way);
    if (known !== undefined) {
      setStand(known);
      onChoose(known.defect_id);
      if (way === 1 && rows.at(-3)?.defect_id === known.defect_id) void read.fetchNextPage();
      return;
    }
    if (here === undefined) return;
    void queries.fetchQuery(queueBeside(surveyId, filter, order, here.mark, way)).then(({ rows: [row] }) => {
      if (row === undefined) return;
      setStand(row);
      choose(row.defect_id);
    });
  };
  return {
    rows,
    counts: counted.data,
    chosen,
    error: read.error ?? counted.error,
    isReading: read.isFetching,
    readOn: read.hasNextPage && !read.isFetching ? () => void read.fetchNextPage() : undefined,
    readBack: read.hasPreviousPage && !read.isFetching ? () => void read.fetchPreviousPage() : undefined,
    choose,
    step,
  };
}
