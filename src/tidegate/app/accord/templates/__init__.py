"""The templates of accords as data: clauses in six languages, and what stands under which article."""
